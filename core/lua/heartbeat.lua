-- Records a worker's heartbeat, and returns whether there is work.
--
-- KEYS  1 workers, 2 journal, 3 database_away, 4 set_aside, 5 balance_base, then the counters: 6 appended,
--       7 waiting, 8 stored, 9 failed, 10 discarded, 11 retried; 12 paused
-- ARGV  1 the worker's name, 2 silence after which a worker is gone (ms), 3 the longest time that an entry is set aside (ms)
-- Returns {entries to be drained: in the journal and not set aside, or due again; 1 when PostgreSQL is unavailable;
--          the note of a pause, or nil}
--
-- The first worker that keeps the balance records the imbalance, because earlier versions did not count everything.
-- ZREMRANGEBYSCORE comes first: it needs no memory, and after it a full Redis lets the rest pass. A heartbeat from the
-- future was recorded before Redis' clock was put back.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + ARGV[2], '+inf')
redis.call('ZADD', KEYS[1], now, ARGV[1])
if redis.call('EXISTS', KEYS[5]) == 0 then
  local out = tonumber(redis.call('GET', KEYS[6]) or 0) - redis.call('HLEN', KEYS[9])
  for _, counter in ipairs({7, 8, 10, 11}) do out = out - tonumber(redis.call('GET', KEYS[counter]) or 0) end
  redis.call('SET', KEYS[5], out)
end
local aside = redis.call('ZCARD', KEYS[4])
if aside > 0 then
  aside = aside - redis.call('ZCOUNT', KEYS[4], '-inf', now)
  aside = aside - redis.call('ZCOUNT', KEYS[4], now + ARGV[3] + 1, '+inf')
end
return {redis.call('XLEN', KEYS[2]) - aside, redis.call('EXISTS', KEYS[3]), redis.call('GET', KEYS[12])}
