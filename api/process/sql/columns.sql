-- The columns of a stored string, by the names of core.submission.StoredString; times in microseconds since 1970.
-- preview: integer, the characters of the text that are wanted, or NULL for all. One more is read, which tells that there
-- are more.
id, seq,
CASE WHEN %(preview)s::int IS NULL THEN text ELSE left(text, %(preview)s::int + 1) END AS text,
(extract(epoch FROM received_at) * 1000000)::bigint AS received_at,
(extract(epoch FROM stored_at) * 1000000)::bigint AS stored_at
