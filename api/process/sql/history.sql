-- A page of stored strings, newest first.
-- before: bigint, the seq to continue below, or NULL for the first page; limit: rows.
-- Returns id, text, received_at, stored_at, seq.
SELECT id, text, received_at, stored_at, seq
FROM public.dummies
WHERE %(before)s::bigint IS NULL OR seq < %(before)s::bigint
ORDER BY seq DESC
LIMIT %(limit)s
