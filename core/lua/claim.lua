-- Claims a batch: stale entries first, then new ones.
--
-- The worker of an entry that was delivered before and not released died or stalled. Such an entry is claimed alone, so
-- that one that kills its worker affects no other. Released entries count no delivery and are claimed together. Entries
-- that are set aside belong to another consumer and are not claimed here.
--
-- KEYS  1 journal, 2 paused
-- ARGV  1 group, 2 consumer, 3 lease (ms), 4 strings and 5 bytes at which the batch is full, 6 the most stale entries to look at
-- Returns for each entry: {id, deliveries with this one, trace contexts, format version, ids, at, texts}; nil where an
--         operator has paused draining
--
-- Every format has the fields v (its version) and n (its number of strings); an entry without them has version 0. The
-- field trace is there where a request was traced. core/entries.py explains the others.

local key, group, consumer, lease = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local max_strings, max_bytes = tonumber(ARGV[4]), tonumber(ARGV[5])
local batch, strings, bytes = {}, 0, 0

if redis.call('EXISTS', KEYS[2]) == 1 then return false end

local function take(entry, deliveries)
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  batch[#batch + 1] = {entry[1], deliveries, fields['trace'] or '', tonumber(fields['v'] or 0) or 0, fields['ids'] or '',
    fields['at'] or '', fields['texts'] or ''}
  strings = strings + (tonumber(fields['n'] or 1) or 1)
  bytes = bytes + #(fields['texts'] or '')
end

local function has_room()
  return strings < max_strings and bytes < max_bytes
end

for _, pending in ipairs(redis.call('XPENDING', key, group, 'IDLE', lease, '-', '+', ARGV[6], consumer)) do
  if not has_room() then break end
  local id, deliveries = pending[1], pending[4]
  if deliveries == 0 or #batch == 0 then
    local entry = redis.call('XCLAIM', key, group, consumer, lease, id)[1]
    if entry then
      take(entry, deliveries + 1)
      if deliveries > 0 then return batch end
    else
      -- deleted while it was pending: Redis 6.2 would return it every time
      redis.call('XACK', key, group, id)
    end
  end
end

-- one by one, because COUNT counts entries and an entry holds any number of strings
while has_room() do
  local read = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', key, '>')
  if not read then break end
  take(read[1][2][1], 1)
end
return batch
