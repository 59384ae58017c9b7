-- Appends the units that wait in one process. A unit is the string of one request, or a part of its bulk, and the request's
-- idempotency key if it has one. All single strings become one entry of the journal, each part of a bulk one of its own.
--
-- KEYS  1 journal, 2 waiting, 3 wakeup, 4 appended, then the key of each unit's record, then for each keyed unit the two
--       hashes that may remember its key, of even and of odd minutes
-- ARGV  1 entry version, 2 how long a key is remembered (s), 3 how long a wake-up counts as under way (ms), 4 number of
--       single strings, 5 number of parts; of the single strings 6 the ids, 7 the fields at and 8 texts of their entry, 9 their
--       trace contexts, then each one's received_at; then for each part: its first id, its number of strings, its
--       received_at, its texts, its trace context; then for each keyed unit: its number (counted from 1, single strings
--       first), the hash of its key, the digest of its request
-- Returns {1 if the caller must publish a wake-up,
--          the numbers of the units whose key belongs to another request,
--          for each unit of which strings are in the journal or dead letters already: {its number, the record of each of
--          these strings}; none of its strings was appended, and if it is a single string, none of the others either,
--          1 if the single strings were appended, the number of strings appended, the counter of all strings ever appended}
--
-- Redis checks its memory only until a script's first write: that is XADD or HSET here, so that a full Redis refuses the
-- whole script before anything is changed.

local version, key_seconds, wakeup_ms, singles, parts = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local units = singles + parts
local first_part = 10 + singles
local first_keyed = first_part + 5 * parts
local first_key = 4 + units

-- A key is remembered in a hash of this minute (of `key_seconds`, to be exact), which is deleted when the next one is over.
local minute = math.floor(redis.call('TIME')[1] / key_seconds)

local function owner_in(hash, key)
  local owner = redis.call('HGET', hash, key)
  -- one that should have been deleted is left over from before Redis' clock was put back
  if owner and redis.call('TTL', hash) <= 2 * key_seconds then return owner end
end

-- which units have a key that belongs to another request?
local refused, conflicts, owners, remembered = {}, {}, {}, {}
for i = 0, (#KEYS - first_key) / 2 - 1 do
  local number, key, digest = tonumber(ARGV[first_keyed + 3 * i]), ARGV[first_keyed + 3 * i + 1], ARGV[first_keyed + 3 * i + 2]
  local this, last = KEYS[first_key + 2 * i + 1 + minute % 2], KEYS[first_key + 2 * i + 2 - minute % 2]
  local owner = owners[key] or owner_in(this, key) or owner_in(last, key) or digest
  if owner == digest then
    if not owners[key] then remembered[#remembered + 1] = {this, key, digest} end
    owners[key] = digest
  else
    refused[number] = true
    conflicts[#conflicts + 1] = number
  end
end

local known = {}

-- whether nothing is known of a unit's strings
local function is_new(number, id, count)
  if refused[number] then return false end
  local records = find_records(KEYS[4 + number], id, count)
  if #records == 0 then return true end
  table.insert(records, 1, number)
  known[#known + 1] = records
  return false
end

local added, under_way = 0, nil

local function append(count, ids, at, texts, trace)
  under_way = under_way or redis.call('PTTL', KEYS[3])
  added = added + count
  -- older workers do not look at a field that they do not know
  if trace == '' then return redis.call('XADD', KEYS[1], '*', 'v', version, 'n', count, 'ids', ids, 'at', at, 'texts', texts) end
  return redis.call('XADD', KEYS[1], '*', 'v', version, 'n', count, 'ids', ids, 'at', at, 'texts', texts, 'trace', trace)
end

local all_new = singles > 0
if all_new and (#conflicts > 0 or redis.call('EXISTS', unpack(KEYS, 5, 4 + singles)) > 0) then
  for number = 1, singles do
    all_new = is_new(number, string.sub(ARGV[6], 16 * number - 15, 16 * number), 1) and all_new
  end
end
if all_new then
  local entry = append(singles, ARGV[6], ARGV[7], ARGV[8], ARGV[9])
  for number = 1, singles do
    local id = string.sub(ARGV[6], 16 * number - 15, 16 * number)
    redis.call('HSET', KEYS[4 + number], id, entry .. ' ' .. since(entry, ARGV[9 + number]))
  end
end
for number = singles + 1, units do
  local a = first_part + 5 * (number - singles - 1)
  local id, count, received_at, texts, trace = unpack(ARGV, a, a + 4)
  if is_new(number, id, tonumber(count)) then
    put_record(KEYS[4 + number], id, count, append(tonumber(count), id, received_at, texts, trace), received_at)
  end
end

local woken, appended = 0, nil
if added > 0 then
  redis.call('INCRBY', KEYS[2], added)
  appended = redis.call('INCRBY', KEYS[4], added)
  -- a wake-up that lasts longer than any is left over from before Redis' clock was put back
  if under_way == -2 or under_way > tonumber(wakeup_ms) then
    redis.call('SET', KEYS[3], '1', 'PX', wakeup_ms)
    woken = 1
  end
end
for _, each in ipairs(remembered) do
  redis.call('HSET', unpack(each))
  redis.call('EXPIREAT', each[1], (minute + 2) * key_seconds)
end
return {woken, conflicts, known, all_new and 1 or 0, added, appended or tonumber(redis.call('GET', KEYS[4]) or 0)}
