-- Of some strings those whose texts fit into an answer, newest first, and the newest in any case.
-- bytes: the most that the texts take; preview: as in columns.sql, of which a character takes 4 bytes at most.
-- The size of a text is known without reading it.
SELECT {columns}
FROM (
    SELECT *, sum(size) OVER (ORDER BY seq DESC ROWS UNBOUNDED PRECEDING) AS total
    FROM (
        SELECT *, least(octet_length(text), 4 * (%(preview)s::int + 1)) AS size
        FROM ({strings}) AS asked_for
    ) AS sized
) AS summed
WHERE total <= %(bytes)s OR total = size
ORDER BY seq DESC
