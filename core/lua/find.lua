-- Finds the status records of strings.
--
-- KEYS  the key of each string's record
-- ARGV  the id of each, in 16 bytes
-- Returns the record of each, nil for one that is neither queued nor failed.

local found = {}
for i, key in ipairs(KEYS) do found[i] = find_records(key, ARGV[i], 1)[1] or false end
return found
