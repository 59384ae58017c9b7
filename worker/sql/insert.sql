-- Stores a batch; strings that are there already are left as they are.
-- ids: uuid[], sorted, so that two batches with strings in common cannot deadlock; texts: text[];
-- received: bigint[], microseconds since 1970.
-- The commit waits for the disk whatever the session says: a transaction pooler may have handed us another one.
-- The row count is the number of strings that were new.
INSERT INTO public.dummies (id, text, received_at)
SELECT id, text, TIMESTAMPTZ 'epoch' + received_at * INTERVAL '1 microsecond'
FROM unnest(%(ids)s::uuid[], %(texts)s::text[], %(received)s::bigint[]) AS batch (id, text, received_at),
    set_config(
        'synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
        true
    )
ON CONFLICT (id) DO NOTHING
