-- Leaves a note of a rollback, or widens the note that another process left of the same one: it may have counted less
-- before, and more after strings had come in. The note of an earlier rollback stays.
--
-- KEYS  1 set_back
-- ARGV  1 at_ms, 2 before, 3 after, 4 how long processes take to detect the same rollback (ms)
-- Returns nothing.

local at, before, after = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local noted_at, noted_before, noted_after = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+) (%d+)$')
if noted_at then
  if math.abs(at - noted_at) > tonumber(ARGV[4]) then return end
  at, before, after = math.min(at, noted_at), math.max(before, noted_before), math.min(after, noted_after)
end
redis.call('SET', KEYS[1], string.format('%.0f %.0f %.0f', at, before, after))
