-- Erases texts; a string that is not stored gets a row without one, which a later INSERT does not replace.
-- ids: uuid[], sorted, so that it cannot deadlock with a worker's batch; received_at: bigint[], in microseconds since 1970,
-- NULL where it is not known: then it is the time of erasing.
-- Returns, for each that was not erased before, whether it was stored.
INSERT INTO public.dummies (id, text, received_at, erased_at)
SELECT id, '', coalesce(TIMESTAMPTZ 'epoch' + received_at * INTERVAL '1 microsecond', now()), now()
FROM unnest(%(ids)s::uuid[], %(received_at)s::bigint[]) AS asked_for (id, received_at)
ON CONFLICT (id) DO UPDATE SET text = '', erased_at = excluded.erased_at WHERE dummies.erased_at IS NULL
RETURNING xmax <> 0 AS was_stored -- an inserted row has no earlier version
