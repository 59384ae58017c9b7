-- Claims entries that were set aside and are due, and holds them for a lease; none while another worker holds some, so that
-- slow ones never keep all workers from the rest. One whose last worker died is claimed alone.
--
-- KEYS  1 journal, 2 set_aside, 3 set_aside_notes, 4 inserted, 5 aside_turn, 6 paused
-- ARGV  1 group, 2 the consumer that holds them, 3 lease (ms), 4 the longest time that one is set aside for (ms): more is
--       left over from before Redis' clock was put back; 5 strings and 6 bytes at which the batch is full, 7 the longest time
--       that workers leave these entries alone (ms)
-- Returns {rows inserted so far, {for each entry: its note, then what claim.lua returns}}; nil where an operator has paused
--         draining
--
-- ZREM is the first write: it needs no memory, and after it a full Redis lets the rest pass.

local key, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local max_strings, max_bytes = tonumber(ARGV[5]), tonumber(ARGV[6])
if redis.call('EXISTS', KEYS[6]) == 1 then return false end
redis.call('ZREM', KEYS[2], '')
local turn = redis.call('PTTL', KEYS[5])
if turn >= 0 and turn <= math.max(tonumber(ARGV[3]), tonumber(ARGV[7])) then return {0, {}} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, max_strings)
local longest = math.max(tonumber(ARGV[3]), tonumber(ARGV[4]))
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], now + longest + 1, '+inf', 'LIMIT', 0, max_strings)) do
  due[#due + 1] = id
end

local batch, bytes = {}, 0
for _, id in ipairs(due) do
  if #batch >= max_strings or bytes >= max_bytes then break end
  local pending = redis.call('XPENDING', key, group, id, id, 1)[1]
  local deliveries = pending and pending[4] or 0
  if deliveries == 0 or #batch == 0 then
    redis.call('ZADD', KEYS[2], now + ARGV[3], id) -- before a delivery is counted
    local entry = pending and redis.call('XCLAIM', key, group, consumer, 0, id)[1]
    if entry then
      local fields = {}
      for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
      local note = redis.call('HGET', KEYS[3], id) or ''
      batch[#batch + 1] = {note, id, deliveries + 1, fields['trace'] or '', tonumber(fields['v'] or 0) or 0,
        fields['ids'] or '', fields['at'] or '', fields['texts'] or ''}
      bytes = bytes + #(fields['texts'] or '')
      if deliveries > 0 then break end
    else
      -- removed from the journal by a version that sets nothing aside
      redis.call('XACK', key, group, id)
      redis.call('ZREM', KEYS[2], id)
      redis.call('HDEL', KEYS[3], id)
    end
  end
end
if #batch > 0 then redis.call('SET', KEYS[5], '1', 'PX', ARGV[3]) end
return {tonumber(redis.call('GET', KEYS[4]) or 0), batch}
