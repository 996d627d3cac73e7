# What is asked of node-resque's keys, and what is changed there: put back, tried again, cleared.
# needs: redis_client
# shellcheck shell=sh

# Redis runs each as one. release: KEYS claim, queue, queues, workers, ping, started, two counters;
# ARGV the claim as it was seen, job, queue, the worker's entry. Returns 0 when the claim is another.
# Where the queue's name is: KEYS[3] is the set of all queues, which a worker of `*` reads.
release_lua='
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("LPUSH", KEYS[2], ARGV[2])
redis.call("SADD", KEYS[3], ARGV[3])
redis.call("SREM", KEYS[4], ARGV[4])
for i = 5, #KEYS do redis.call("DEL", KEYS[i]) end
redis.call("DEL", KEYS[1])
return 1'

# KEYS failed, queue, queues; ARGV the failure as it was seen, job, queue.
retry_lua='
if redis.call("LREM", KEYS[1], 1, ARGV[1]) == 0 then return 0 end
redis.call("RPUSH", KEYS[2], ARGV[2])
redis.call("SADD", KEYS[3], ARGV[3])
return 1'

# KEYS failed; ARGV how many from the head, the SHA-1 of each joined, which is what was saved. New
# failures come at the tail.
clear_lua='
local seen = redis.call("LRANGE", KEYS[1], 0, tonumber(ARGV[1]) - 1)
local marks = {}
for i, one in ipairs(seen) do marks[i] = redis.sha1hex(one) end
if redis.sha1hex(table.concat(marks)) ~= ARGV[2] then return 0 end
redis.call("LTRIM", KEYS[1], #seen, -1)
return #seen'

# Behind redis_client. Arguments: action, namespace, then what the action needs; a request of release
# comes in DEPLOY_REQUEST. Prints one line: the answer in base64 (JSON), or "unreachable REASON".
# Commands are sent without waiting for the answers before them: a sample is of one moment. In redis
# cluster each is asked again where MOVED says; keys that it keeps apart are changed one by one, in an
# order that may work a job twice when it is cut off, and never loses it.
queues_client='
var drop_lua = "if redis.call(\"GET\", KEYS[1]) ~= ARGV[1] then return 0 end return redis.call(\"DEL\", KEYS[1])";
var action = given[0], space = given[1], links = {}, main;

function key() { return [space].concat([].slice.call(arguments)).join(":"); }
function utf8(text) { return typeof text === "string" ? Buffer.from(text, "latin1").toString("utf8") : text; }
function plain(reply) { return Array.isArray(reply) ? reply.map(plain) : utf8(reply); }

function Link(end) {
  var text = "", waiting = [], why = "", self = this;
  function lose(reason) {
    why = why || reason;
    waiting.splice(0).forEach(function (one) { one.reject(new Error(why)); });
  }
  function hear(data) {
    var got, at = 0;
    text += data;
    while (waiting.length && at < text.length && (got = parse(text, at))) {
      at = got[1];
      waiting.shift().resolve(got[0]);
    }
    text = text.slice(at);
  }
  this.say = function (words) {
    return new Promise(function (resolve, reject) {
      if (why) return reject(new Error(why));
      waiting.push({ resolve: resolve, reject: reject });
      self.socket.write(encode(words));
    });
  };
  this.socket = dial(end, function () {});
  this.socket.setEncoding("latin1");
  this.socket.on("data", hear);
  this.socket.on("error", function (error) { lose(error.message || error.code); });
  this.socket.on("close", function () { lose("the connection was closed without an answer"); });
}

async function connect(end) {
  var link = new Link(end), steps = login(to.username, to.password), index, why;
  if (to.db) steps.push({ say: ["SELECT", to.db], hear: refused });
  for (index = 0; index < steps.length; index += 1) {
    why = steps[index].hear(await link.say(steps[index].say));
    if (why) throw new Error(why);
  }
  return link;
}

function at(name) {
  var cut = name.lastIndexOf(":");
  links[name] = links[name] || connect({ host: name.slice(0, cut), port: +name.slice(cut + 1) });
  return links[name];
}

async function say() {
  var words = [].slice.call(arguments), reply = await main.say(words), moved, hops;
  for (hops = 0; hops < 5 && reply instanceof Error; hops += 1) {
    moved = /^MOVED \d+ (\S+:\d+)$/.exec(reply.message);
    if (!moved) break;
    reply = await (await at(moved[1])).say(words);
  }
  if (reply instanceof Error) throw reply;
  return plain(reply);
}

function all(list, one) { return Promise.all(list.map(one)); }
function pause(ms) { return new Promise(function (resolve) { setTimeout(resolve, ms); }); }

function table(names, values) {
  var found = {};
  names.forEach(function (name, index) { if (values[index] !== null) found[name] = values[index]; });
  return found;
}

async function read(names, make) { return table(names, await all(names, function (name) { return say("GET", make(name)); })); }

async function servers() {
  var first = await say("INFO"), found = [{ address: busy, info: first }], nodes, index, name;
  if (!/cluster_enabled:1/.test(first)) return found;
  nodes = (await say("CLUSTER", "NODES")).split("\n").filter(function (line) { return / (myself,)?master /.test(line) && !/fail/.test(line); });
  for (index = 0; index < nodes.length; index += 1) {
    name = nodes[index].split(" ")[1].split("@")[0];
    if (/myself/.test(nodes[index])) found[0].address = name.charAt(0) === ":" ? busy : name;
    else found.push({ address: name, info: plain(await (await at(name)).say(["INFO"])) });
  }
  return found;
}

async function sample() {
  var asked = [say("SMEMBERS", key("queues")), say("GET", key("stat", "processed")), say("GET", key("stat", "failed")), say("TIME")];
  var got = await Promise.all(asked), queues = got[0].sort(), at = process.hrtime();
  var lengths = await all(queues, function (queue) { return say("LLEN", key("queue", queue)); });
  return { at: +got[3][0] + got[3][1] / 1e6, seconds: at[0] + at[1] / 1e9, queues: table(queues, lengths), processed: +(got[1] || 0), failed: +(got[2] || 0) };
}

async function delayed(now) {
  var late = await say("ZRANGEBYSCORE", key("delayed_queue_schedule"), "-inf", now - 60, "LIMIT", 0, 1000);
  var next = await say("ZRANGE", key("delayed_queue_schedule"), 0, 0);
  return { moments: await say("ZCARD", key("delayed_queue_schedule")), late: late.length, next: next.length ? +next[0] : null };
}

async function cached() {
  var cursor = "0", turn, got;
  for (turn = 0; turn < 20; turn += 1) {
    got = await say("SCAN", cursor, "MATCH", "actionhero:cache*", "COUNT", 1000);
    if (got[1].length) return true;
    cursor = got[0];
    if (cursor === "0") break;
  }
  return false;
}

async function look(seconds, most) {
  var count = Math.max(2, Math.min(11, Math.ceil(seconds) + 1)), samples = [], workers, names, now, index, found;
  for (index = 0; index < count; index += 1) {
    if (index) await pause(seconds * 1000 / (count - 1));
    samples.push(await sample());
  }
  now = +(await say("TIME"))[0];
  workers = (await say("SMEMBERS", key("workers"))).sort();
  names = workers.map(function (worker) { var id = /^(.*?:\d+(?:\+\d+)?):/.exec(worker); return id ? id[1] : worker; });
  found = { servers: await servers(), now: now, samples: samples, workers: workers };
  found.claims = await read(workers, function (worker) { return key("worker", worker); });
  found.started = await read(workers, function (worker) { return key("worker", worker, "started"); });
  found.pings = await read(names, function (name) { return key("worker", "ping", name); });
  found.failures = await say("LLEN", key("failed"));
  found.failed = await say("LRANGE", key("failed"), -most, -1);
  found.delayed = await delayed(now);
  found.leader = await say("GET", key("resque_scheduler_leader_lock"));
  found.cached = await cached();
  return found;
}

async function change(lua, keys, words, apart) {
  try {
    return await say.apply(null, ["EVAL", lua, keys.length].concat(keys, words));
  } catch (error) {
    if (!/CROSSSLOT/.test(error.message)) throw error;
    return apart();
  }
}

async function release(worker, lua) {
  var claim = process.env.DEPLOY_REQUEST, job = JSON.parse(claim), name = job.worker, queue = job.queue;
  var keys = [key("worker", worker), key("queue", queue), key("queues"), key("workers"), key("worker", "ping", name), key("worker", worker, "started"), key("stat", "failed", name), key("stat", "processed", name)];
  var body = JSON.stringify(job.payload);
  return change(lua, keys, [claim, body, queue, worker], async function () {
    var index;
    await say("LPUSH", keys[1], body);
    if (await say("EVAL", drop_lua, 1, keys[0], claim) === 0) {
      await say("LREM", keys[1], 1, body);
      return 0;
    }
    await say("SADD", keys[2], queue);
    await say("SREM", keys[3], worker);
    for (index = 4; index < keys.length; index += 1) await say("DEL", keys[index]);
    return 1;
  });
}

async function retry(wanted, lua) {
  var length = await say("LLEN", key("failed")), seen = await say("LRANGE", key("failed"), 0, length - 1), done = 0, index, one;
  for (index = 0; index < seen.length; index += 1) {
    try { one = JSON.parse(seen[index]); } catch (error) { continue; }
    if (!one || !one.queue || !one.payload || !one.payload["class"] || (wanted && one.queue !== wanted)) continue;
    done += await again(lua, seen[index], one.queue, JSON.stringify(one.payload));
  }
  return done;
}

function again(lua, failure, queue, body) {
  return change(lua, [key("failed"), key("queue", queue), key("queues")], [failure, body, queue], async function () {
    await say("RPUSH", key("queue", queue), body);
    await say("SADD", key("queues"), queue);
    if (await say("LREM", key("failed"), 1, failure) !== 0) return 1;
    await say("LREM", key("queue", queue), -1, body);
    return 0;
  });
}

async function act() {
  if (action === "look") return look(+given[2], +given[3]);
  if (action === "failures") return say("LRANGE", key("failed"), 0, +given[2] - 1);
  if (action === "release") return release(given[2], given[3]);
  if (action === "retry") return retry(given[2], given[3]);
  return change(given[4], [key("failed")], [given[2], given[3]]);
}

async function ask(end, failed) {
  busy = end.socket || end.host + ":" + end.port;
  try {
    main = await connect(end);
    answer = Buffer.from(JSON.stringify(await act())).toString("base64");
    stop("");
  } catch (error) { failed(error.message); }
}

begin(action === "look" ? +given[2] + 15 : 60);'
