-- Sets entries aside, each for its own time, after which it is tried again.
--
-- KEYS  1 journal, 2 set_aside, 3 set_aside_notes, 4 inserted
-- ARGV  1 group, 2 the consumer that holds them, then for each entry: its id, the time (ms), how it failed ('' keeps
--       the earlier note)
-- Returns the number of entries set aside; one that another worker has removed from the journal does not count.
--
-- ZREM comes first: it needs no memory, and after it a full Redis lets the rest pass. An entry is claimed last: if it
-- belonged to that consumer without being in the set, because Redis refused a command in between, no one would try it again.

redis.call('ZREM', KEYS[2], '')
local count = 0
for a = 3, #ARGV, 3 do
  local id, time = ARGV[a], redis.call('TIME')
  redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[a + 1], id)
  if ARGV[a + 2] ~= '' then
    redis.call('HSET', KEYS[3], id, (redis.call('GET', KEYS[4]) or '0') .. ' ' .. ARGV[a + 2])
  end
  -- with RETRYCOUNT 0, so that a delivery counted later shows that a worker died
  if #redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'RETRYCOUNT', 0, 'JUSTID') == 1 then
    count = count + 1
  else
    redis.call('ZREM', KEYS[2], id)
    redis.call('HDEL', KEYS[3], id)
  end
end
return count
