-- Removes dead letters for good.
--
-- KEYS  1 failed, 2 discarded, then the status record of each string
-- ARGV  for each string: its id, the dead letter as it was read
-- Returns the ids of those removed: not of strings that have no dead letter any more, or another one.
--
-- HDEL comes first: it needs no memory, and after it a full Redis lets the rest pass.

local removed, a = {}, 1
for status = 3, #KEYS do
  if redis.call('HGET', KEYS[1], ARGV[a]) == ARGV[a + 1] then
    redis.call('HDEL', KEYS[1], ARGV[a])
    redis.call('DEL', KEYS[status])
    removed[#removed + 1] = ARGV[a]
  end
  a = a + 2
end
if #removed > 0 then redis.call('INCRBY', KEYS[2], #removed) end
return removed
