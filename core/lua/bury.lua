-- Puts strings of one entry among the dead letters; the entry itself is completed afterwards.
--
-- KEYS  1 journal, 2 failed, then the status record of each string
-- ARGV  1 entry, then for each string: its id, its dead letter as JSON, its received_at
-- Returns the number of strings buried: none when the entry was completed by somebody else meanwhile.
--
-- HDEL comes first: it needs no memory, and after it a full Redis lets the rest pass.

if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
local buried = 0
for a = 2, #ARGV, 3 do
  buried = buried + 1
  redis.call('HDEL', KEYS[2], ARGV[a])
  redis.call('HSET', KEYS[2], ARGV[a], ARGV[a + 1])
  redis.call('SET', KEYS[2 + buried], 'failed 0 ' .. ARGV[a + 2])
end
return buried
