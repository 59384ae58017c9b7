-- Marks PostgreSQL unavailable, and sets when it may be tried again.
--
-- KEYS  1 database_away, 2 database_probe
-- ARGV  1 base and 2 cap of the backoff (ms), 3 jitter between 0 and 1, 4 time to live of the mark (ms)
-- Returns the backoff in ms.
--
-- DEL comes first: it needs no memory, and after it a full Redis lets the rest pass.

redis.call('DEL', KEYS[2])
local time = redis.call('TIME')
local since, attempts = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
attempts = tonumber(attempts or 0)
if not since then since = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)) end
local backoff = math.min(tonumber(ARGV[2]), tonumber(ARGV[1]) * 2 ^ math.min(attempts, 20))
backoff = math.max(1, math.floor(backoff * (0.5 + tonumber(ARGV[3]) / 2)))
redis.call('SET', KEYS[1], since .. ' ' .. (attempts + 1), 'PX', ARGV[4])
redis.call('SET', KEYS[2], '1', 'PX', backoff)
return backoff
