-- The next strings as lines of NDJSON or CSV, newest first: 2,000 at most.
-- q: substring, case-sensitive, or NULL; before: bigint, the seq to continue below, or NULL to begin; csv: boolean;
-- bytes: the most that their texts take, the first of them in any case.
-- Returns the lines as one text, and the seq to continue below (NULL: the end). A CSV begins with a byte order mark,
-- without which spreadsheets read it as Latin-1, and the names of its columns.
WITH next AS (
    SELECT id, text, received_at, stored_at, seq
    FROM public.dummies
    WHERE %(before)s::bigint IS NULL OR seq < %(before)s::bigint
    ORDER BY seq DESC
    LIMIT 2000
), sized AS (
    SELECT *, sum(octet_length(text)) OVER (ORDER BY seq DESC ROWS UNBOUNDED PRECEDING) AS size FROM next
), page AS (
    SELECT
        id, text, seq,
        to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS received_at,
        to_char(stored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS stored_at
    FROM sized
    WHERE size <= %(bytes)s OR seq = (SELECT max(seq) FROM next)
)
SELECT
    CASE WHEN %(csv)s AND %(before)s::bigint IS NULL THEN E'\uFEFFid,text,received_at,stored_at\r\n' ELSE '' END
    || coalesce(string_agg(
        CASE WHEN %(csv)s THEN
            id || ',"' || replace(text, '"', '""') || '",' || received_at || ',' || stored_at || E'\r\n'
        ELSE
            '{"id":"' || id || '","text":' || to_json(text)
                || ',"received_at":"' || received_at || '","stored_at":"' || stored_at || '"}' || E'\n'
        END,
        '' ORDER BY seq DESC
    ) FILTER (WHERE %(q)s::text IS NULL OR strpos(text, %(q)s) > 0), '') AS lines,
    min(seq) AS before
FROM page
