-- Sends requests that were written to files beforehand, one file a thread, and prints what came of them as JSON.
-- Arguments: the files' prefix. A file holds requests, each after a line with its length.
local counter = 0
function setup(thread)
  thread:set("number", counter)
  counter = counter + 1
end

function init(args)
  requests, position = {}, 0
  local file = assert(io.open(args[1] .. "." .. number, "rb"))
  while true do
    local length = file:read("*n")
    if length == nil then break end
    file:read(1)
    requests[#requests + 1] = file:read(length)
  end
  file:close()
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency, _)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format('{"requests": %d, "seconds": %.6f, "failed": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration / 1e6, failed, latency:percentile(50), latency:percentile(99)))
end
