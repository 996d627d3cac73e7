-- What wrk runs: a pause before each request, and one line at the end that counts every outcome.
-- Errors are wrk's own: a timeout is an answer that came late, not one request more.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  statuses = {}
  pause = tonumber(args[1])
end

function delay()
  return pause
end

function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

function done(summary)
  io.write("outcomes:")
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      io.write(" ", status, "=", count)
    end
  end
  for _, kind in ipairs({ "connect", "read", "write", "timeout" }) do
    io.write(" ", kind, "=", summary.errors[kind])
  end
  io.write("\n")
end
