-- Takes entries off the journal whose strings are all decided: stored, or dead letters.
--
-- KEYS  1 journal, 2 waiting, 3 stored, then the status records of the stored strings, entry by entry
-- ARGV  1 group, then for each entry: its id, its number of strings, how many of them were stored
-- Returns the number of strings taken off.
--
-- An entry that somebody else completed or split meanwhile changes nothing here. XACK comes first: it needs no memory, and
-- after it a full Redis lets the rest pass.

local entries = {}
for a = 2, #ARGV, 3 do entries[#entries + 1] = ARGV[a] end
redis.call('XACK', KEYS[1], ARGV[1], unpack(entries))

local taken, stored, status = 0, 0, 4
for a = 2, #ARGV, 3 do
  local stored_here = tonumber(ARGV[a + 2])
  if redis.call('XDEL', KEYS[1], ARGV[a]) == 1 then
    taken = taken + tonumber(ARGV[a + 1])
    stored = stored + stored_here
    if stored_here > 0 then redis.call('UNLINK', unpack(KEYS, status, status + stored_here - 1)) end
  end
  status = status + stored_here
end
redis.call('DECRBY', KEYS[2], taken)
redis.call('INCRBY', KEYS[3], stored)
return taken
