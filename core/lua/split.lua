-- Replaces an entry by one entry for each of its strings, so that each succeeds or fails alone. Each has the trace contexts of
-- the whole.
--
-- KEYS  1 journal, then the key of each string's record
-- ARGV  1 group, 2 entry, 3 entry version, then for each string: the 16 bytes of its id, its received_at, its text in
--       JSON
-- Returns the number of entries it became: 0 if another worker has completed it.
--
-- It begins with calls that change nothing: they need no memory, and after one a full Redis lets the rest pass. The entry
-- is deleted last, so that no string is lost if Redis refuses a command in between.

redis.call('XACK', KEYS[1], ARGV[1], '0-0')
redis.call('XDEL', KEYS[1], '0-0')
local whole = find_entry(KEYS[1], ARGV[2], ARGV[4])
if not whole then return 0 end
local trace = {}
for i = 1, #whole, 2 do
  if whole[i] == 'trace' then trace = {'trace', whole[i + 1]} end
end
local entries = {}
for a = 4, #ARGV, 3 do
  local packed, received_at, text = unpack(ARGV, a, a + 2)
  entries[#entries + 1] = redis.call('XADD', KEYS[1], '*', 'v', ARGV[3], 'n', 1, 'ids', packed, 'at', received_at,
    'texts', '[' .. text .. ']', unpack(trace))
end
-- from the last to the first, whose record is that of all strings of a bulk until then
for i = #entries, 1, -1 do
  local a = 1 + 3 * i
  put_record(KEYS[1 + i], ARGV[a], 1, entries[i], ARGV[a + 1])
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
return #KEYS - 1
