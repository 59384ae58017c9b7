-- Begins a drain: a wake-up counts as under way while it runs. While PostgreSQL is unavailable one process at a time may
-- try it, when the backoff has passed.
--
-- KEYS  1 wakeup, 2 help, 3 database_away, 4 database_probe, 5 paused
-- ARGV  1 how long a wake-up counts as under way (ms), 2 how long a try may take (ms), 3 the longest backoff (ms)
-- Returns 0 to drain, 1 to try PostgreSQL first, 2 not to try it yet, nil where an operator has paused draining.
--
-- DEL is the first write: it needs no memory, and after it a full Redis lets the rest pass. A time to live that is longer than
-- any that was set is left over from before Redis' clock was put back, and has expired.

if redis.call('EXISTS', KEYS[5]) == 1 then return false end
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
local left = redis.call('PTTL', KEYS[4])
if left >= 0 and left <= math.max(tonumber(ARGV[2]), tonumber(ARGV[3])) then return 2 end
redis.call('SET', KEYS[4], '1', 'PX', ARGV[2])
return 1
