# What speaks to redis: node, which every host has. What it asks is in register_client.sh and
# queues_client.sh, which go behind this, and define ask(END, FAILED): a question to that server.
# shellcheck shell=sh

# Works on Node 8. What redis says to AUTH is cut to its first word: an old one repeats the password.
# A redis without a password lets everybody in, as the app finds. begin(SECONDS) looks up where redis
# is (DEPLOY_REGISTER, JSON), asks, and prints one line: the answer, or "unreachable REASON".
redis_client='
var net = require("net"), tls = require("tls"), fs = require("fs"), given = process.argv.slice(1);
var answer = "", busy = "redis", peer, to = {};

function stop(why) {
  var line = busy + ": " + why;
  [to.password, to.sentinel_password].forEach(function (secret) {
    if (secret) line = line.split(secret).join("***");
  });
  console.log(answer || "unreachable " + line.replace(/\s+/g, " ").slice(0, 300));
  process.exit(0);
}

function encode(words) {
  var parts = [Buffer.from("*" + words.length + "\r\n")];
  words.forEach(function (word) {
    var bytes = Buffer.from(String(word));
    parts.push(Buffer.from("$" + bytes.length + "\r\n"), bytes, Buffer.from("\r\n"));
  });
  return Buffer.concat(parts);
}

function parse(text, at) {
  var end = text.indexOf("\r\n", at), head = text.slice(at + 1, end), next = end + 2, list = [], one;
  if (end < 0) return null;
  switch (text[at]) {
    case ":": return [+head, next];
    case "-": return [new Error(head), next];
    case "$":
      if (+head < 0) return [null, next];
      return text.length < next + +head + 2 ? null : [text.substr(next, +head), next + +head + 2];
    case "*":
      if (+head < 0) return [null, next];
      while (list.length < +head) {
        if (!(one = parse(text, next))) return null;
        list.push(one[0]); next = one[1];
      }
      return [list, next];
    default: return [head, next];
  }
}

function dial(end, connected) {
  var wanted = to.tls === true ? {} : to.tls, name = wanted && (wanted.servername || end.host);
  if (end.socket) return net.connect({ path: end.socket }, connected);
  if (!wanted) return net.connect({ host: end.host, port: end.port }, connected);
  var options = { host: end.host, port: end.port, rejectUnauthorized: wanted.reject_unauthorized !== false };
  if (wanted.ca) options.ca = fs.readFileSync(wanted.ca);
  if (!net.isIP(name)) options.servername = name;
  return tls.connect(options, connected);
}

function talk(end, commands, failed) {
  var text = "", at = 0, over = false, socket;
  function close(why) {
    if (over) return;
    over = true;
    if (socket) socket.destroy();
    failed(why);
  }
  function next() { if (at < commands.length) socket.write(encode(commands[at].say)); else close(""); }
  function hear(data) {
    var got, why;
    text += data;
    if (over || !(got = parse(text, 0))) return;
    text = text.slice(got[1]);
    why = commands[at].hear(got[0]);
    at += 1;
    if (why) close(why); else next();
  }
  busy = end.socket || end.host + ":" + end.port;
  try { peer = socket = dial(end, next); } catch (error) { return close(error.message); }
  socket.setEncoding("latin1");
  socket.on("data", hear);
  socket.on("error", function (error) { close(error.message || error.code); });
  socket.on("close", function () { close("the connection was closed without an answer"); });
  return close;
}

function login(user, password) {
  return password ? [{ say: user ? ["AUTH", user, password] : ["AUTH", password], hear: function (reply) {
    var open = /no password is set|without any password/;
    if (reply instanceof Error && !open.test(reply.message)) return "the login is refused (" + reply.message.split(" ")[0] + ")";
  } }] : [];
}

function refused(reply) { if (reply instanceof Error) return reply.message; }

function find(sentinels) {
  var limit, close, master, end = { host: sentinels[0].host, port: sentinels[0].port || 26379 };
  function move_on(why) { if (answer || sentinels.length < 2) stop(why); else find(sentinels.slice(1)); }
  function done(why) {
    clearTimeout(limit);
    if (master) ask(master, move_on); else move_on(why);
  }
  limit = setTimeout(function () { if (close) close("no answer within 1.2 s"); }, 1200);
  close = talk(end, login("", to.sentinel_password).concat({
    say: ["SENTINEL", "get-master-addr-by-name", to.name],
    hear: function (reply) {
      if (reply instanceof Error) return reply.message;
      if (!Array.isArray(reply) || reply.length !== 2) return "this sentinel knows no " + to.name;
      master = { host: reply[0], port: +reply[1] };
    }
  }), done);
}

function begin(seconds) {
  setTimeout(function () { stop("no answer within " + seconds + " s"); }, seconds * 1000);
  try {
    to = JSON.parse(process.env.DEPLOY_REGISTER);
  } catch (error) { stop("the settings of the register cannot be read"); }
  to.name = to.name || "mymaster";
  if (to.sentinels && to.sentinels.length) find(to.sentinels);
  else ask({ host: to.host, port: to.port || 6379, socket: to.socket }, stop);
}
'
