-- The columns of a stored string, by the names of core.submission.StoredString; times in microseconds since 1970.
-- preview: integer, the characters of the text that are wanted, or NULL for all. One more is read, which tells that there
-- are more. Until the schema has erased_at, nothing is erased; its name is looked up in the row (strings.sql).
id, seq,
CASE WHEN %(preview)s::int IS NULL THEN text ELSE left(text, %(preview)s::int + 1) END AS text,
(extract(epoch FROM received_at) * 1000000)::bigint AS received_at,
(extract(epoch FROM stored_at) * 1000000)::bigint AS stored_at,
CASE WHEN text = '' THEN (extract(epoch FROM (to_jsonb(summed) ->> 'erased_at')::timestamptz) * 1000000)::bigint END
    AS erased_at
