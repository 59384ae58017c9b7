-- Removes entries from the journal whose strings are all stored.
--
-- KEYS  1 journal, 2 waiting, 3 stored, 4 inserted, 5 set_aside, 6 set_aside_notes, then the key of each record, entry by
--       entry
-- ARGV  1 group, 2 rows that were new, then for each entry: its id, its number of strings, the ids in it
-- Returns the number of strings removed.
--
-- An entry that another worker completed or split meanwhile changes nothing here. It begins with a call that changes
-- nothing, so that nothing is acknowledged and left in the journal if Redis refuses to delete; such a call needs no
-- memory, and after it a full Redis lets the rest pass.

redis.call('XDEL', KEYS[1], '0-0')
local entries, taken, key, a = {}, 0, 7, 3
while a <= #ARGV do
  local entry, strings, ids = ARGV[a], tonumber(ARGV[a + 1]), ARGV[a + 2]
  entries[#entries + 1] = entry
  redis.call('XACK', KEYS[1], ARGV[1], entry)
  if redis.call('XDEL', KEYS[1], entry) == 1 then
    taken = taken + strings
    if #ids == 16 then remove_record(KEYS[key], ids) else
      for i = 0, #ids / 16 - 1 do redis.call('HDEL', KEYS[key + i], string.sub(ids, 16 * i + 1, 16 * i + 16)) end
    end
  end
  key, a = key + #ids / 16, a + 3
end
redis.call('DECRBY', KEYS[2], taken)
redis.call('INCRBY', KEYS[3], taken)
redis.call('INCRBY', KEYS[4], ARGV[2])
if redis.call('ZREM', KEYS[5], unpack(entries)) > 0 then redis.call('HDEL', KEYS[6], unpack(entries)) end
return taken
