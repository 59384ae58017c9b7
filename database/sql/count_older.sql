-- Counts those of the next strings that delete_older.sql would delete.
-- days: integer; after: bigint, the seq above which to continue; most: the strings to look at.
-- Returns how many there are, and the seq to continue above (NULL: the end).
WITH next AS (
    SELECT seq, stored_at FROM public.dummies WHERE seq > %(after)s AND erased_at IS NULL ORDER BY seq LIMIT %(most)s
)
SELECT count(*) FILTER (WHERE stored_at < now() - %(days)s * INTERVAL '1 day'), max(seq) FROM next
