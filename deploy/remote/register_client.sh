# What the register asks of redis: one question on one connection.
# needs: redis_client
# shellcheck shell=sh

# Redis runs it as one: nothing can fail over between its look at the incarnation and its write.
# ARGV: action, incarnation, decision. Returns the answer, and how many replicas are connected.
# Redis before 5 forbids a write after INFO, unless it replicates what a script did and not the
# script. The incarnation needs both parts: run_id changes with a restart that brings an old dump
# back, master_replid when a primary that was a replica meanwhile comes back with another's data.
register_lua='
local action, incarnation, decision = ARGV[1], ARGV[2], ARGV[3]
if action == "decide" and decision ~= "commit" and decision ~= "abort" then
  return redis.error_reply("ERR a decision is commit or abort")
end
pcall(redis.replicate_commands)
local server, replication = redis.call("INFO", "server"), redis.call("INFO", "replication")
local function field(text, name) return text:match("\n" .. name .. ":([^\r\n]+)") end
if action == "clients" then
  local clients = redis.call("INFO", "clients")
  local open, most = field(clients, "connected_clients"), field(clients, "maxclients")
  return {"clients " .. open .. " " .. (most or "0"), 0}
end
if field(replication, "role") ~= "master" then return {"replica", 0} end
local run_id = field(server, "run_id")
if not run_id then return {"nameless", 0} end
local now = run_id .. ":" .. (field(replication, "master_replid") or "none")
local replicas = tonumber(field(replication, "connected_slaves") or "0")
if action == "forget" then
  redis.call("DEL", KEYS[1])
  return {"forgotten", replicas}
end
local value = redis.call("GET", KEYS[1])
if action == "open" and not value then
  value = "open " .. now
  redis.call("SET", KEYS[1], value)
end
if not value then return {action == "decide" and "undecidable" or "missing", 0} end
local state, held = value:match("^(%l+) (%S+)$")
if state == "commit" or state == "abort" then return {state, replicas} end
if state ~= "open" then return {"foreign", 0} end
if action == "open" then incarnation = now end
if action == "read" and incarnation == "" then incarnation = held end
if held ~= now or incarnation ~= now then return {"undecidable", 0} end
if action ~= "decide" then return {"open " .. held, replicas} end
redis.call("SET", KEYS[1], decision .. " " .. now)
return {decision, replicas}'

# Behind redis_client. Arguments: the script above, key, action, incarnation, decision. Each command
# waits for the answer to the one before it: a database that was not selected must not be written to.
# WAIT makes a lost write rarer, and no answer depends on it.
register_client='
var writes = given[2] === "open" || given[2] === "decide";
var known = /^(open \S+|commit|abort|missing|undecidable|forgotten|clients \d+ \d+)$/;
var refusals = {
  replica: "this redis is a read-only replica",
  nameless: "this redis does not tell its run_id",
  foreign: "the key " + given[1] + " holds what this tool did not write"
};

function decided(reply) {
  if (reply instanceof Error) return reply.message;
  if (!Array.isArray(reply) || !known.test(reply[0])) return refusals[reply && reply[0]] || "this is no redis";
  answer = reply[0] + (given[2] === "clients" ? " " + tell(peer) : "");
  if (!writes || !reply[1]) stop("");
}

function hex(number, digits) { return ("000" + (+number).toString(16)).slice(-digits).toUpperCase(); }

function tell(socket) {
  var name = (socket.remoteAddress || "none").replace(/^::ffff:/, ""), port = socket.remotePort || 0;
  var bytes = net.isIPv4(name) ? name.split(".").reverse() : [];
  return bytes.map(function (byte) { return hex(byte, 2); }).join("") + ":" + hex(port, 4) + " " + name + " " + port;
}

function waited(reply) {
  if (!(reply > 0)) console.error("redis: no replica has acknowledged " + given[2] + " within 1 s");
}

function ask(end, failed) {
  var commands = login(to.username, to.password);
  if (to.db) commands.push({ say: ["SELECT", to.db], hear: refused });
  commands.push({ say: ["EVAL", given[0], 1].concat(given.slice(1)), hear: decided });
  commands.push({ say: ["WAIT", 1, 1000], hear: waited });
  talk(end, commands, failed);
}

begin(5);'
