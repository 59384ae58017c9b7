-- Those of the given strings that are stored, by primary key.
-- ids: uuid[].
SELECT *
FROM public.dummies
WHERE id = ANY (%(ids)s::uuid[])
