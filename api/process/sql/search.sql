-- The strings with a substring among the next ones, newest first, and the oldest one that was looked at.
-- q: text, case-sensitive; before: bigint, the seq to continue below, or NULL to begin; looked_at: how many strings to
-- look at; limit: the most to return.
-- Returns id, text, received_at, stored_at, seq; the last row is the oldest that was looked at, with NULL as its id.
WITH looked_at AS (
    SELECT id, text, received_at, stored_at, seq
    FROM public.dummies
    WHERE %(before)s::bigint IS NULL OR seq < %(before)s::bigint
    ORDER BY seq DESC
    LIMIT %(looked_at)s
)
(SELECT id, text, received_at, stored_at, seq FROM looked_at WHERE strpos(text, %(q)s) > 0 ORDER BY seq DESC LIMIT %(limit)s)
UNION ALL
(SELECT NULL, NULL, NULL, stored_at, seq FROM looked_at ORDER BY seq LIMIT 1)
