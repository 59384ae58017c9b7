-- What became of strings, by primary key.
-- ids: uuid[]. Returns id, text, received_at, stored_at for those that are stored.
SELECT id, text, received_at, stored_at
FROM public.dummies
WHERE id = ANY (%(ids)s::uuid[])
