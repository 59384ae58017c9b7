-- Puts dead letters back into the journal, each as an entry of its own under the same id.
--
-- KEYS  1 journal, 2 waiting, 3 wakeup, 4 appended, 5 failed, 6 retried, then the key of each string's record
-- ARGV  1 entry version, 2 how long a wake-up counts as under way (ms), then for each string: its id, the dead letter as
--       it was read, the 16 bytes of its id, its received_at, its text in JSON
-- Returns {the number put back: without strings that have no dead letter any more, or another one,
--          1 if the caller must publish a wake-up, the counter of all strings ever appended}
--
-- XADD comes first, so that a full Redis refuses the whole script before anything is changed.

local done, a = 0, 3
for record = 7, #KEYS do
  local id, letter, packed, received_at, text = unpack(ARGV, a, a + 4)
  if redis.call('HGET', KEYS[5], id) == letter then
    local entry = redis.call('XADD', KEYS[1], '*', 'v', ARGV[1], 'n', 1, 'ids', packed, 'at', received_at,
      'texts', '[' .. text .. ']')
    put_record(KEYS[record], packed, 1, entry, received_at)
    redis.call('HDEL', KEYS[5], id)
    done = done + 1
  end
  a = a + 5
end
if done == 0 then return {0, 0, 0} end
redis.call('INCRBY', KEYS[2], done)
redis.call('INCRBY', KEYS[6], done)
local appended = redis.call('INCRBY', KEYS[4], done)
local woken = redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[2]) and 1 or 0
return {done, woken, appended}
