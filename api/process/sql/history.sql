-- A page of stored strings, newest first.
-- before: bigint, the seq to continue below, or NULL for the first page; limit: rows.
SELECT *
FROM public.dummies
WHERE %(before)s::bigint IS NULL OR seq < %(before)s::bigint
ORDER BY seq DESC
LIMIT %(limit)s
