-- Deletes those of the next strings that were stored long ago; those that were erased stay, for their ids.
-- days: integer; after: bigint, the seq above which to continue; most: the strings to look at.
-- Returns how many were deleted, and the seq to continue above (NULL: the end).
WITH next AS (
    SELECT seq FROM public.dummies WHERE seq > %(after)s AND erased_at IS NULL ORDER BY seq LIMIT %(most)s
), deleted AS (
    DELETE FROM public.dummies
    USING next
    WHERE dummies.seq = next.seq
        AND dummies.erased_at IS NULL -- it may have been erased meanwhile
        AND dummies.stored_at < now() - %(days)s * INTERVAL '1 day'
    RETURNING dummies.seq
)
SELECT (SELECT count(*) FROM deleted), (SELECT max(seq) FROM next)
