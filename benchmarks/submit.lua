-- wrk script: posts {"text": …} with a text of 17 characters that no other request has, and ends with a line of JSON.
--
-- Arguments after `--`: 1 a tag of 4 characters that no other run has, 2 Unix time from which on nothing new is sent.
-- wrk abandons what is under way when its time is up, and nobody could say then how many strings were accepted. So
-- sending ends a moment before: from then on every connection waits for its answer and is held.

local HELD_MS = 3600 * 1000
local tag, send_until, sent

function init(args)
  tag, send_until, sent = args[1], tonumber(args[2]), 0
  wrk.method = 'POST'
  wrk.headers['Content-Type'] = 'application/json'
end

function delay()
  if os.time() >= send_until then return HELD_MS end
  return 0
end

function request()
  sent = sent + 1
  return wrk.format(nil, nil, nil, string.format('{"text":"%s-%012d"}', tag, sent))
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format('{"answered": %d, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
