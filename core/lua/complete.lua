-- Removes entries from the journal whose strings are all stored.
--
-- KEYS  1 journal, 2 waiting, 3 stored, 4 inserted, 5 set_aside, 6 set_aside_notes, then the status records of the
--       strings, entry by entry
-- ARGV  1 group, 2 rows that were new, then for each entry: its id, its number of strings
-- Returns the number of strings removed.
--
-- An entry that another worker completed or split meanwhile changes nothing here. It begins with a call that changes
-- nothing, so that nothing is acknowledged and left in the journal if Redis refuses to delete; such a call needs no
-- memory, and after it a full Redis lets the rest pass.

redis.call('XDEL', KEYS[1], '0-0')
local entries = {}
for a = 3, #ARGV, 2 do entries[#entries + 1] = ARGV[a] end
redis.call('XACK', KEYS[1], ARGV[1], unpack(entries))

local taken, status = 0, 7
for a = 3, #ARGV, 2 do
  local strings = tonumber(ARGV[a + 1])
  if redis.call('XDEL', KEYS[1], ARGV[a]) == 1 then
    taken = taken + strings
    redis.call('UNLINK', unpack(KEYS, status, status + strings - 1))
  end
  status = status + strings
end
redis.call('DECRBY', KEYS[2], taken)
redis.call('INCRBY', KEYS[3], taken)
redis.call('INCRBY', KEYS[4], ARGV[2])
if redis.call('ZREM', KEYS[5], unpack(entries)) > 0 then redis.call('HDEL', KEYS[6], unpack(entries)) end
return taken
