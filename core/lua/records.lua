-- The status records of strings, for the scripts that begin with this file. An id is 16 bytes here (core/ids.py). The
-- record of a string that was submitted alone is a field of a hash: id -> "entry received". The strings of a bulk that are
-- in one entry share a member of the bulk's sorted set, "index count entry received", whose score is the index of the
-- first. When it was received is in µs after the entry's own time, nearly always less than 0; that takes 11 bytes less
-- than received_at itself. For a dead letter the entry is "failed", and it is received_at.

-- the index of a string in its bulk; nil if it was submitted alone, or its id has another layout
local function index_of(id)
  local version, kind, high, low = string.byte(id, 7), string.byte(id, 9), string.byte(id, 15, 16)
  if version >= 0x80 and version < 0x90 and kind >= 0x90 and kind < 0xA0 then return high * 256 + low end
end

-- when something was received, as the record of this entry says it
local function since(entry, received_at)
  if entry == 'failed' then return received_at end
  return string.format('%.0f', received_at - 1000 * string.match(entry, '^%d+'))
end

local function put_record(key, id, count, entry, received_at)
  local record, index = entry .. ' ' .. since(entry, received_at), index_of(id)
  if index then
    -- the old one goes last: if Redis refuses a command in between, its strings still have a record
    local member = index .. ' ' .. count .. ' ' .. record
    local old = redis.call('ZRANGEBYSCORE', key, index, index)
    redis.call('ZADD', key, index, member)
    for _, each in ipairs(old) do
      if each ~= member then redis.call('ZREM', key, each) end
    end
  else
    redis.call('HSET', key, id, record)
  end
end

local function remove_record(key, id)
  local index = index_of(id)
  if index then
    redis.call('ZREMRANGEBYSCORE', key, index, index)
  else
    redis.call('HDEL', key, id)
  end
end

-- fails where remove_record would, and changes nothing
local function try_to_remove_record(key, id)
  if index_of(id) then
    redis.call('ZREMRANGEBYSCORE', key, '(0', '(0')
  else
    redis.call('HDEL', key, '')
  end
end

-- the records of as many strings of a bulk, or of one that was submitted alone
local function find_records(key, id, count)
  local index = index_of(id)
  if not index then return {redis.call('HGET', key, id) or nil} end
  local found = count > 1 and redis.call('ZRANGEBYSCORE', key, '(' .. index, index + count - 1) or {}
  local before = redis.call('ZREVRANGEBYSCORE', key, index, '-inf', 'LIMIT', 0, 1)[1]
  if before then
    local first, strings = string.match(before, '^(%d+) (%d+) ')
    if first + strings > index then table.insert(found, 1, before) end
  end
  return found
end

-- Returns the fields of an entry if its first string has this id, else nil, and whether there is no such entry. After a
-- failover, or on a journal that was rolled back, the id of an entry that was lost may be that of another one by now.
local function find_entry(journal, entry, id)
  local found = redis.call('XRANGE', journal, entry, entry)[1]
  if not found then return nil, true end
  for i = 1, #found[2], 2 do
    if found[2][i] == 'ids' and string.sub(found[2][i + 1], 1, 16) == string.sub(id, 1, 16) then return found[2], false end
  end
  return nil, false
end
