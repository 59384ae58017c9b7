-- Puts a dead letter back into the journal, as an entry of its own under the same id.
--
-- KEYS  1 journal, 2 waiting, 3 wakeup, 4 appended, 5 failed, 6 the string's status record
-- ARGV  1 entry version, 2 how long a wake-up counts as under way (ms), 3 id, 4 the dead letter as it was read,
--       5 the string's JSON, 6 its received_at
-- Returns {1 when it was put back and 0 when it is no dead letter any more, or another one,
--          1 when the caller is to publish a wake-up, the counter of all strings that ever were appended}
--
-- XADD comes first, so that a full Redis refuses the whole script before anything is changed.

if redis.call('HGET', KEYS[5], ARGV[3]) ~= ARGV[4] then return {0, 0, 0} end
local entry = redis.call('XADD', KEYS[1], '*', 'v', ARGV[1], 'n', 1, 'items', '[' .. ARGV[5] .. ']')
redis.call('SET', KEYS[6], entry .. ' 0 ' .. ARGV[6])
redis.call('HDEL', KEYS[5], ARGV[3])
redis.call('INCRBY', KEYS[2], 1)
local appended = redis.call('INCRBY', KEYS[4], 1)
local woken = redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[2]) and 1 or 0
return {1, woken, appended}
