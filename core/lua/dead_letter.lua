-- Removes an entry of one string from the journal and keeps the string as a dead letter.
--
-- KEYS  1 journal, 2 waiting, 3 failed, 4 discarded, 5 set_aside, 6 set_aside_notes, 7 the key of the string's record
-- ARGV  1 group, 2 entry, 3 the string's id, 4 its dead letter as JSON, 5 the 16 bytes of its id, 6 its
--       received_at
-- Returns 1, or 0 if another worker has removed the entry.
--
-- A dead letter replaces an older one of the same id, which then counts as discarded. It begins with calls that
-- change nothing: they need no memory, and after one a full Redis lets the rest pass. The entry is deleted last, so that
-- the string is not lost if Redis refuses a command in between.

redis.call('XACK', KEYS[1], ARGV[1], '0-0')
redis.call('XDEL', KEYS[1], '0-0')
local there, gone = find_entry(KEYS[1], ARGV[2], ARGV[5])
if not there and not gone then return 0 end
if there then
  if redis.call('HSET', KEYS[3], ARGV[3], ARGV[4]) == 0 then redis.call('INCRBY', KEYS[4], 1) end
  put_record(KEYS[7], ARGV[5], 1, 'failed', ARGV[6])
  redis.call('DECRBY', KEYS[2], 1)
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[5], ARGV[2])
redis.call('HDEL', KEYS[6], ARGV[2])
return there and 1 or 0
