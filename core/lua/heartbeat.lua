-- A worker says that it is there, and learns whether there is work.
--
-- KEYS  1 workers, 2 journal, 3 database_away
-- ARGV  1 the worker's name, 2 silence after which a worker is away (ms)
-- Returns {entries in the journal, 1 when PostgreSQL is held to be away}
--
-- ZREMRANGEBYSCORE comes first: it needs no memory, and after it a full Redis lets the rest pass.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
return {redis.call('XLEN', KEYS[2]), redis.call('EXISTS', KEYS[3])}
