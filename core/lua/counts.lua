-- How the journal is doing, in one look.
--
-- KEYS  1 journal, 2 waiting, 3 stored, 4 failed, 5 workers, 6 database_away, 7 appended, 8 set_back
-- ARGV  1 silence after which a worker is away (ms)
-- Returns {waiting, stored, failed, age of the oldest entry in ms (-1: none), workers heard of, database_away or '',
--          appended, set_back or ''}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local age = -1
if oldest then age = math.max(0, now - tonumber(string.match(oldest[1], '^%d+'))) end
return {
  tonumber(redis.call('GET', KEYS[2]) or 0),
  tonumber(redis.call('GET', KEYS[3]) or 0),
  redis.call('HLEN', KEYS[4]),
  age,
  redis.call('ZCOUNT', KEYS[5], now - ARGV[1], '+inf'),
  redis.call('GET', KEYS[6]) or '',
  tonumber(redis.call('GET', KEYS[7]) or 0),
  redis.call('GET', KEYS[8]) or '',
}
