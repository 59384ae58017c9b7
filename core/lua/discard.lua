-- Removes dead letters for good.
--
-- KEYS  1 failed, 2 discarded, then the key of each string's record
-- ARGV  for each string: its id, the dead letter as it was read, the 16 bytes of its id
-- Returns the ids of those removed: not of strings that have no dead letter any more, or another one.
--
-- HDEL comes first: it needs no memory, and after it a full Redis lets the rest pass.

local removed, a = {}, 1
for record = 3, #KEYS do
  if redis.call('HGET', KEYS[1], ARGV[a]) == ARGV[a + 1] then
    redis.call('HDEL', KEYS[1], ARGV[a])
    remove_record(KEYS[record], ARGV[a + 2])
    removed[#removed + 1] = ARGV[a]
  end
  a = a + 3
end
if #removed > 0 then redis.call('INCRBY', KEYS[2], #removed) end
return removed
