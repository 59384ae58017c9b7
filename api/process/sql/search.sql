-- Looks at the next strings, newest first, for those with a substring.
-- q: text, case-sensitive; before: bigint, the seq to continue below, or NULL to begin; most: the strings, and bytes: the
-- bytes of their texts, that are looked at, the first string in any case; limit: the most to find.
-- Returns the seq of those found, how many strings were looked at, and of the oldest of them seq and time (microseconds
-- since 1970).
-- No row if there are none below. Two scans, since one would have to keep the texts until it knows where to end.
WITH next AS (
    SELECT seq, stored_at, octet_length(text) AS size
    FROM public.dummies
    WHERE %(before)s::bigint IS NULL OR seq < %(before)s::bigint
    ORDER BY seq DESC
    LIMIT %(most)s
), summed AS (
    SELECT
        seq, stored_at, size,
        sum(size) OVER (ORDER BY seq DESC ROWS UNBOUNDED PRECEDING) AS total,
        row_number() OVER (ORDER BY seq DESC) AS number
    FROM next
), oldest AS (
    SELECT * FROM summed WHERE total <= %(bytes)s OR total = size ORDER BY seq LIMIT 1
)
SELECT
    array(
        SELECT dummies.seq
        FROM public.dummies
        WHERE dummies.seq >= oldest.seq
            AND (%(before)s::bigint IS NULL OR dummies.seq < %(before)s::bigint)
            AND strpos(dummies.text, %(q)s) > 0
        ORDER BY dummies.seq DESC
        LIMIT %(limit)s
    ) AS found,
    number AS looked_at,
    seq AS oldest,
    (extract(epoch FROM stored_at) * 1000000)::bigint AS stored_at
FROM oldest
