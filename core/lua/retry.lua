-- Puts dead letters back into the journal, each as an entry of its own under the same id.
--
-- KEYS  1 journal, 2 waiting, 3 wakeup, 4 appended, 5 failed, 6 retried, then the status record of each string
-- ARGV  1 entry version, 2 how long a wake-up counts as under way (ms), then for each string: its id, the dead letter as
--       it was read, its JSON, its received_at
-- Returns {the number put back: without strings that have no dead letter any more, or another one,
--          1 if the caller must publish a wake-up, the counter of all strings ever appended}
--
-- XADD comes first, so that a full Redis refuses the whole script before anything is changed.

local done, a = 0, 3
for status = 7, #KEYS do
  if redis.call('HGET', KEYS[5], ARGV[a]) == ARGV[a + 1] then
    local entry = redis.call('XADD', KEYS[1], '*', 'v', ARGV[1], 'n', 1, 'items', '[' .. ARGV[a + 2] .. ']')
    redis.call('SET', KEYS[status], entry .. ' 0 ' .. ARGV[a + 3])
    redis.call('HDEL', KEYS[5], ARGV[a])
    done = done + 1
  end
  a = a + 4
end
if done == 0 then return {0, 0, 0} end
redis.call('INCRBY', KEYS[2], done)
redis.call('INCRBY', KEYS[6], done)
local appended = redis.call('INCRBY', KEYS[4], done)
local woken = redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[2]) and 1 or 0
return {done, woken, appended}
