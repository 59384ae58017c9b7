-- wrk script: posts {"text": …}, each text different from all others; prints a line of JSON at the end.
--
-- Arguments after `--`: 1 a tag of 4 characters, unique to the run, 2 the Unix time after which nothing new is sent,
-- 3 the number of connections, 4 how many characters to add to each text's 17.
-- wrk abandons pending requests when its time is up, so that the number of accepted strings would be unknown. Therefore
-- each connection is held once it has its last response; when all are held, "held" and the Unix time are written to
-- standard error, and the caller interrupts wrk.

local ffi = require('ffi')
ffi.cdef('typedef struct { long s; long us; } clock_t_; int gettimeofday(clock_t_ *now, void *zone);')

local HELD_MS = 3600 * 1000
local clock = ffi.new('clock_t_')
local tag, send_until, connections, more
local sent, held = 0, 0

local function now()
  ffi.C.gettimeofday(clock, nil)
  return tonumber(clock.s) + tonumber(clock.us) / 1e6
end

function init(args)
  tag, send_until, connections = args[1], tonumber(args[2]), tonumber(args[3])
  more = string.rep('x', tonumber(args[4]))
  wrk.method = 'POST'
  wrk.headers['Content-Type'] = 'application/json'
end

function delay()
  local time = now()
  if time < send_until then return 0 end
  held = held + 1
  if held == connections then io.stderr:write(string.format('held %.6f\n', time)) end
  return HELD_MS
end

function request()
  sent = sent + 1
  return wrk.format(nil, nil, nil, string.format('{"text":"%s-%012d%s"}', tag, sent, more))
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format('{"answered": %d, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
