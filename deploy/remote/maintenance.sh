# Closing a site, and opening it: files that nginx looks for at every request.
# shellcheck shell=sh

# close_site DIRECTORY RUN: nginx answers 503 from now on, but for friends, of whom there are none.
close_site() {
  mkdir -p "$1/friends"
  rm -f "$1"/friends/*
  [ ! -e "$1/on" ] || unchanged "it was closed already"
  printf '%s' "$2" >"$1/on"
}

# reopen_site DIRECTORY RUN: the undo of close_site: what this run closed is open again.
reopen_site() {
  [ "$(cat "$1/on" 2>/dev/null)" = "$2" ] || unchanged
  rm -rf "$1"
}

# open_site DIRECTORY: nginx answers as ever.
open_site() {
  [ -e "$1/on" ] || unchanged
  rm -rf "$1"
}

# admit_friends DIRECTORY [ADDRESS]...: these pass, and the address that this connection comes from.
admit_friends() {
  _friends=$1/friends
  shift
  for _address in ${SSH_CONNECTION:+"${SSH_CONNECTION%% *}"} "$@"; do
    : >"$_friends/$_address"
    note "$_address passes"
  done
}

# prove_closed URL HOST: nginx answers 503, and when to come again.
prove_closed() {
  _said=$(node -e "$closed_script" "$1" "$2" 2>&1) || _said="no answer: $_said"
  case $_said in
    '503 '?*) note "$_said s" ;;
    *) refuse "$1 answers $_said, and not 503 with Retry-After: nginx does not look for the file" \
      "install the rendered configuration (invoke configure), and see that nginx may walk to .deploy/" ;;
  esac
}

# Asks URL for / under the name HOST, and prints the status and Retry-After. Works on Node 8.
# shellcheck disable=SC2016 # not for this shell
closed_script='
var given = process.argv.slice(1), url = /^(https?):\/\/(.*):(\d+)$/.exec(given[0]);
var options = { host: url[2].replace(/^\[|\]$/g, ""), port: +url[3], path: "/", agent: false };
options.headers = { Host: given[1], Connection: "close" }; options.rejectUnauthorized = false; options.servername = given[1];
var request = require(url[1]).get(options, function (response) {
  response.resume(); console.log(response.statusCode + " " + (response.headers["retry-after"] || ""));
});
request.setTimeout(5000, function () { console.error("none within 5 s"); process.exit(1); });
request.on("error", function (error) { console.error(error.message); process.exit(1); });'
