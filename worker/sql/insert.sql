-- Stores a batch; strings that are stored already are left unchanged.
-- An array for each field of core.submission.Submission, in PostgreSQL's text form: id; text; received_at, in microseconds
-- since 1970. They are inserted in the order of their ids, so that two batches with strings in common cannot deadlock.
-- The commit waits for the disk whatever the session's setting is: a transaction pooler may have changed sessions.
-- Where an operator cancels its wait for the synchronous standby, a warning says so, whatever the session wants to hear.
-- The row count is the number of strings that were new.
INSERT INTO public.dummies (id, text, received_at)
SELECT id, text, TIMESTAMPTZ 'epoch' + received_at * INTERVAL '1 microsecond'
FROM unnest(%(id)s::uuid[], %(text)s::text[], %(received_at)s::bigint[]) AS batch (id, text, received_at),
    set_config(
        'synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
        true
    ) AS durable,
    set_config('client_min_messages', 'warning', true) AS told
ORDER BY id
ON CONFLICT (id) DO NOTHING
