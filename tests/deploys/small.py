"""A small app for what ActionHero adds nothing to: two processes a host that are up in no time.

It is deployed as ActionHero from 22 on is: `node dist/server.js`, a pidfile, the health path.
"""

from __future__ import annotations

from typing import Any

SERVER = """\
const fs = require("fs"), http = require("http"), title = process.env.ACTIONHERO_TITLE;
const revision = fs.readFileSync("revision.txt", "utf8").trim();
fs.writeFileSync("pids/actionhero-" + title, String(process.pid));
function answer(request, response) {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ id: title, pid: process.pid, revision: revision }));
}
function listening() { fs.chmodSync(process.env.PORT, 0o777); }
if (process.env.PORT) http.createServer(answer).listen(process.env.PORT, listening);
else setInterval(function () {}, 1000);
process.on("SIGTERM", function () { process.exit(0); });
"""
FILES = {
    "dist/server.js": SERVER,
    ".gitignore": "/node_modules/\n/log/\n/pids/\n",
}


def small(data: dict[str, Any]) -> None:
    """An inventory for it."""
    data["app"]["build"] = []
    data["app"]["dependencies"] = {"node": "off"}
    data["drain"] = 2
