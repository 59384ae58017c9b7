-- The state of the journal in one reply; core.counts.Counts has the same order.
--
-- KEYS  1 journal, 2 waiting, 3 stored, 4 failed, 5 workers, 6 database_away, 7 appended, 8 set_back, 9 discarded,
--       10 retried, 11 balance_base, 12 set_aside, 13 set_aside_notes, 14 inserted, 15 paused
-- ARGV  1 silence after which a worker is gone (ms), 2 the consumer group
-- Returns {waiting, stored, failed, age of the oldest entry in ms (-1: none, or not known), live workers,
--          database_away or '', appended, set_back or '', discarded, retried, balance_base or '', entries in the journal,
--          entries set aside, the note of the one that is tried next or '', rows ever inserted,
--          paused or '', entries that were claimed}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local age = -1
-- one from the future was appended before Redis' clock was put back
if oldest then age = math.max(-1, now - tonumber(string.match(oldest[1], '^%d+'))) end
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[2]) -- an error before the first claim makes the group
local next = redis.call('ZRANGE', KEYS[12], 0, 0)[1]
return {
  tonumber(redis.call('GET', KEYS[2]) or 0),
  tonumber(redis.call('GET', KEYS[3]) or 0),
  redis.call('HLEN', KEYS[4]),
  age,
  redis.call('ZCOUNT', KEYS[5], now - ARGV[1], now + ARGV[1]),
  redis.call('GET', KEYS[6]) or '',
  tonumber(redis.call('GET', KEYS[7]) or 0),
  redis.call('GET', KEYS[8]) or '',
  tonumber(redis.call('GET', KEYS[9]) or 0),
  tonumber(redis.call('GET', KEYS[10]) or 0),
  redis.call('GET', KEYS[11]) or '',
  redis.call('XLEN', KEYS[1]),
  redis.call('ZCARD', KEYS[12]),
  next and redis.call('HGET', KEYS[13], next) or '',
  tonumber(redis.call('GET', KEYS[14]) or 0),
  redis.call('GET', KEYS[15]) or '',
  pending[1] or 0,
}
