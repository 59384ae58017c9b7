-- The strings with a substring among the next ones, newest first, and then the oldest string that was looked at.
-- q: text, case-sensitive; before: bigint, the seq to continue below, or NULL to begin; looked_at: how many strings to
-- look at; limit: the most to return.
WITH looked_at AS (
    SELECT *
    FROM public.dummies
    WHERE %(before)s::bigint IS NULL OR seq < %(before)s::bigint
    ORDER BY seq DESC
    LIMIT %(looked_at)s
)
SELECT {columns}
FROM (
    (SELECT * FROM looked_at WHERE strpos(text, %(q)s) > 0 ORDER BY seq DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT * FROM looked_at ORDER BY seq LIMIT 1)
) AS found
