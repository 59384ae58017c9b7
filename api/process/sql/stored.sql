-- The ids of those of the given strings that are stored, by primary key.
-- ids: uuid[].
SELECT id
FROM public.dummies
WHERE id = ANY (%(ids)s::uuid[])
