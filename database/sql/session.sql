-- Sets what our SQL relies on for the whole session, whatever the role, the database or the environment set.
-- names, settings: text[], in the same order; those that this server does not know are skipped.
-- synchronous_commit stays as it is where the server is stricter than asked.
-- Returns a row for each setting, with the database's own encoding.
SET statement_timeout = 0; -- the role's must not end the next statement
SELECT
    pg_catalog.set_config(
        name, CASE pg_catalog.current_setting(name) WHEN 'remote_apply' THEN 'remote_apply' ELSE wanted END, false
    ),
    pg_catalog.current_setting('server_encoding')
FROM ROWS FROM (pg_catalog.unnest(%(names)s::text[]), pg_catalog.unnest(%(settings)s::text[])) AS asked (name, wanted)
WHERE pg_catalog.current_setting(name, true) IS NOT NULL
