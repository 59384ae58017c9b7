-- Removes a dead letter for good.
--
-- KEYS  1 failed, 2 the string's status record
-- ARGV  1 id, 2 the dead letter as it was read
-- Returns 1, or 0 when it is no dead letter any more, or another one.

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
