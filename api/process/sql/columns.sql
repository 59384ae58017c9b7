-- The columns of a stored string, by the names of core.submission.StoredString; times in microseconds since 1970.
id, text, seq,
(extract(epoch FROM received_at) * 1000000)::bigint AS received_at,
(extract(epoch FROM stored_at) * 1000000)::bigint AS stored_at
