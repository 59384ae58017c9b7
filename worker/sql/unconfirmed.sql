-- Whether no COMMIT returns, because it waits for a synchronous standby: none follows this server, which may be an old
-- primary, or a COMMIT of this role has waited for more than 3 s.
-- It waits on after its client has gone, and holds up whoever repeats its INSERT.
SELECT current_setting('synchronous_standby_names') <> '' AND (
    NOT EXISTS (SELECT FROM pg_stat_replication)
    OR EXISTS (
        SELECT FROM pg_stat_activity
        WHERE usename = current_user AND wait_event = 'SyncRep'
            AND query_start < clock_timestamp() - interval '3 seconds'
    )
)
