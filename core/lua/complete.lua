-- Removes entries from the journal whose strings are all stored.
--
-- KEYS  1 journal, 2 waiting, 3 stored, 4 inserted, 5 set_aside, 6 set_aside_notes, then the key of each record, entry by
--       entry
-- ARGV  1 group, 2 rows that were new, then for each entry: its id, its number of strings, the ids in it
-- Returns the number of strings removed.
--
-- An entry that another worker completed or split meanwhile changes nothing here. It begins with calls that change
-- nothing, of every kind, so that nothing is removed in part if Redis refuses one; such a call needs no memory, and after
-- it a full Redis lets the rest pass.

redis.call('XDEL', KEYS[1], '0-0')
local key = 7
for a = 3, #ARGV, 3 do
  try_to_remove_record(KEYS[key], ARGV[a + 2])
  key = key + #ARGV[a + 2] / 16
end

local entries, taken = {}, 0
key = 7
for a = 3, #ARGV, 3 do
  local entry, strings, ids = ARGV[a], tonumber(ARGV[a + 1]), ARGV[a + 2]
  local there, gone = find_entry(KEYS[1], entry, ids)
  if there or gone then
    entries[#entries + 1] = entry
    redis.call('XACK', KEYS[1], ARGV[1], entry)
  end
  if there then
    redis.call('XDEL', KEYS[1], entry)
    taken = taken + strings
    for i = 0, #ids / 16 - 1 do remove_record(KEYS[key + i], string.sub(ids, 16 * i + 1, 16 * i + 16)) end
  end
  key = key + #ids / 16
end
redis.call('DECRBY', KEYS[2], taken)
redis.call('INCRBY', KEYS[3], taken)
redis.call('INCRBY', KEYS[4], ARGV[2])
if #entries > 0 and redis.call('ZREM', KEYS[5], unpack(entries)) > 0 then redis.call('HDEL', KEYS[6], unpack(entries)) end
return taken
