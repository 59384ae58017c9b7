-- The strings at these places of the history.
-- seqs: bigint[].
SELECT *
FROM public.dummies
WHERE seq = ANY (%(seqs)s::bigint[])
