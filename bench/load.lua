-- For wrk: a paced load that notes when each entity tag was seen first and last.
-- Arguments: requests a second (0: as fast as it goes), connections.
-- Each connection waits between two requests; waits are spread evenly around their mean, so that
-- connections do not march in step. LuaJIT's numbers hold a moment in microseconds exactly.
local ffi = require("ffi")
ffi.cdef([[
  typedef struct { long seconds; long microseconds; } moment_t;
  int gettimeofday(moment_t *moment, void *zone);
]])
local moment = ffi.new("moment_t")
local function now_us()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.seconds) * 1e6 + tonumber(moment.microseconds)
end

local mean_ms = 0
first, last, slow = {}, {}, 0

function init(arguments)
  local rate, connections = tonumber(arguments[1]), tonumber(arguments[2])
  if rate > 0 then mean_ms = 1000 * connections / rate end
  math.randomseed(1)
end

function delay()
  return math.floor(math.random() * 2 * mean_ms + math.random())
end

function response(status, headers, body)
  -- uvicorn writes names in lower case: such an answer did not come out of memory.
  local tag, now = headers["ETag"], now_us()
  if not tag then tag, slow = headers["etag"], slow + 1 end
  if not tag then return end
  if not first[tag] then first[tag] = now end
  last[tag] = now
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function done()
  for _, thread in ipairs(threads) do
    print(string.format("slow %d", thread:get("slow")))
    local first_seen, last_seen = thread:get("first"), thread:get("last")
    for tag, at in pairs(first_seen) do
      print(string.format("tag %s %.0f %.0f", tag, at, last_seen[tag]))
    end
  end
end
