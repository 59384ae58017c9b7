-- Makes the consumer group, from the stream's beginning, where there is none.
--
-- KEYS  1 journal, 2 wakeup
-- ARGV  1 group
-- Returns 1 when it was made, 0 when it was there.
--
-- DEL comes first: it needs no memory, and after it a full Redis lets the rest pass. Without a wake-up under way the
-- next append wakes a drain, so that losing the flag costs nothing.

redis.call('DEL', KEYS[2])
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if not made.err then return 1 end
if string.find(made.err, 'BUSYGROUP', 1, true) then return 0 end
return made
