-- Creates the consumer group at the stream's beginning if it does not exist.
--
-- KEYS  1 journal, 2 wakeup
-- ARGV  1 group
-- Returns 1 if it was created, 0 if it existed.
--
-- DEL comes first: it needs no memory, and after it a full Redis lets the rest pass. Without the flag the next append
-- wakes a drain, so losing it costs nothing.

redis.call('DEL', KEYS[2])
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if not made.err then return 1 end
if string.find(made.err, 'BUSYGROUP', 1, true) then return 0 end
return made
