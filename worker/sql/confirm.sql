-- Has the COMMIT of this transaction wait for the synchronous standby, if there is one, even if nothing else is written.
-- What it writes is a message in the WAL, which any role may write and nothing reads. All rows that the transaction sees
-- come before its COMMIT in the WAL. Where the wait is cancelled, a warning says so.
SELECT CASE
    WHEN current_setting('synchronous_standby_names') <> '' THEN pg_logical_emit_message(true, 'ix-dummies', '')
END
FROM
    set_config(
        'synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END,
        true
    ) AS durable,
    set_config('client_min_messages', 'warning', true) AS told
