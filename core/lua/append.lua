-- Appends the units that wait in one process as one entry of the journal. A unit is one request: its strings, and
-- its idempotency key if it has one.
--
-- KEYS  1 journal, 2 waiting, 3 wakeup, 4 appended, then the key record of each keyed unit, then the status record of
--       each string
-- ARGV  1 entry version, 2 how long a key is remembered (s), 3 how long a wake-up counts as under way (ms),
--       4 number of units, then for each unit: the digest of its request ('' without a key), its number of strings;
--       then for each string: its JSON, its received_at; then for each request that is traced: the numbers of its first
--       and its last string, counted from 1, and its trace context
-- Returns {1 if the caller must publish a wake-up,
--          the numbers of the units whose key belongs to another request, counted from 1,
--          the status record of each string that was in the journal or a dead letter already, false for the rest; empty
--          if there is none,
--          the number of strings appended here, the counter of all strings ever appended}
--
-- Redis checks its memory only until a script's first write: that is XADD or SET here, so that a full Redis refuses the
-- whole script before anything is changed.

local version, key_seconds, wakeup_ms, unit_count = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local string_args = 4 + 2 * unit_count

local keyed = {}
for unit = 1, unit_count do
  if ARGV[3 + 2 * unit] ~= '' then keyed[#keyed + 1] = unit end
end

-- which units have a key that belongs to another request?
local conflicts, refused, digests = {}, {}, {}
if #keyed > 0 then
  local known = redis.call('MGET', unpack(KEYS, 5, 4 + #keyed))
  for i, unit in ipairs(keyed) do
    local key, digest = KEYS[4 + i], ARGV[3 + 2 * unit]
    local owner = digests[key] or known[i] or digest
    -- one that should have expired is left over from before Redis' clock was put back
    if owner ~= digest and not digests[key] and redis.call('PTTL', key) > key_seconds * 1000 then owner = digest end
    if owner == digest then
      digests[key] = digest
    else
      refused[unit] = true
      conflicts[#conflicts + 1] = unit
    end
  end
end

-- which strings are in the journal or a dead letter already?
local first_status = 5 + #keyed
local records = {}
if redis.call('EXISTS', unpack(KEYS, first_status)) > 0 then
  records = redis.call('MGET', unpack(KEYS, first_status))
end

local items, added, seen, position = {}, {}, {}, 0
for unit = 1, unit_count do
  for _ = 1, tonumber(ARGV[4 + 2 * unit]) do
    position = position + 1
    local status = KEYS[first_status + position - 1]
    if not refused[unit] and not records[position] and not seen[status] then
      seen[status] = true
      items[#items + 1] = ARGV[string_args + 2 * position - 1]
      added[#added + 1] = position
    end
  end
end

-- which traced requests have a string in the entry?
local traces, next_added = {}, 1
for a = string_args + 2 * position + 1, #ARGV, 3 do
  while added[next_added] and added[next_added] < tonumber(ARGV[a]) do next_added = next_added + 1 end
  if added[next_added] and added[next_added] <= tonumber(ARGV[a + 1]) then traces[#traces + 1] = ARGV[a + 2] end
end

local woken, appended = 0, nil
if #items > 0 then
  local under_way = redis.call('PTTL', KEYS[3])
  local payload = '[' .. table.concat(items, ',') .. ']'
  local trace = #traces > 0 and {'trace', table.concat(traces, ' ')} or {} -- a field that older workers do not look at
  local entry = redis.call('XADD', KEYS[1], '*', 'v', version, 'n', #items, 'items', payload, unpack(trace))
  local statuses = {}
  for index, at in ipairs(added) do
    statuses[#statuses + 1] = KEYS[first_status + at - 1]
    statuses[#statuses + 1] = entry .. ' ' .. (index - 1) .. ' ' .. ARGV[string_args + 2 * at]
  end
  redis.call('MSET', unpack(statuses))
  redis.call('INCRBY', KEYS[2], #items)
  appended = redis.call('INCRBY', KEYS[4], #items)
  -- a wake-up that lasts longer than any is left over from before Redis' clock was put back
  if under_way == -2 or under_way > tonumber(wakeup_ms) then
    redis.call('SET', KEYS[3], '1', 'PX', wakeup_ms)
    woken = 1
  end
end
for key, digest in pairs(digests) do
  redis.call('SET', key, digest, 'EX', key_seconds)
end
return {woken, conflicts, records, #items, appended or tonumber(redis.call('GET', KEYS[4]) or 0)}
