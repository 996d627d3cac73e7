"""What of a running app belongs into an inventory, and what shows that it is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.facts.discovery import Discovery, FoundApp, FoundNginx
from deploy.facts.nginx_text import Directive

_SECRET = re.compile(r"TOKEN|PASS|SECRET|CREDENTIAL|PRIVATE|_KEY|^REDIS_URL$|DATABASE_URL|_DSN")
_LOGIN = re.compile(
    r"PATH|PWD|OLDPWD|HOME|USER|LOGNAME|SHELL|SHLVL|TERM|LANG|LC_\w+|MAIL|_|HOSTNAME|PORT|INVOCATION_ID"
    r"|SSH_\w+|XDG_\w+|DBUS_\w+|NOTIFY_SOCKET|JOURNAL_STREAM|MANAGERPID|SYSTEMD_\w+|MEMORY_PRESSURE_\w+"
    r"|ACTIONHERO_TITLE|DEPLOY_\w+|NODE_UNIQUE_ID|NODE_CHANNEL_\w+|title"
)
_WORKERS = re.compile(r"work|job|task|queue")
_LISTEN = re.compile(r"(?:[0-9.]+:)?[0-9]+")
_NAMES = re.compile(r"[A-Za-z0-9_.*-]+(?: [A-Za-z0-9_.*-]+)*")
_SOCKET = re.compile(r"/(?:\d+)\.sock$")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the inventory, and why it is that."""

    key: str
    value: Any
    why: str = ""


def observe(app: FoundApp, found: Discovery) -> dict[str, Value]:
    """The settings of a host on which `app` runs, by key; and `role`, `secrets`."""
    front = next(_fronts(app, found), None)
    values = [
        _path(app),
        _node_bin(app, found),
        _supervisor(app),
        Value("workers", app.workers, "As many as run now."),
        *_listen(app, front),
        _environment(app),
        _stop_timeout(app),
        Value("secrets", [name for name in app.variables if _SECRET.search(name)]),
        *([_nginx(front)] if front else []),
        _role(app, front),
    ]
    return {one.key: one for one in values if one.value is not None}


def app_path(app: FoundApp) -> str:
    """What the inventory calls the app's directory: with releases, the one above them."""
    return app.directory.partition("/releases/")[0]


def _path(app: FoundApp) -> Value:
    first = (app.masters or app.processes)[0]
    kind = "cluster master" if app.masters else "process"
    named = [name for name, pid in app.pidfiles if pid == str(first.pid)]
    file = f"; pids/{named[0]} names it" if named else "; no pidfile names it: see `invoke pids`"
    return Value("path", app_path(app), f"the {kind} {first.pid} works there{file}.")


def _node_bin(app: FoundApp, found: Discovery) -> Value:
    program = next((one.program for one in app.processes), "")
    is_usual = found.node == program
    why = f"Node {app.node}, which the app runs on; a login finds {found.node or 'none'}."
    return Value("node_bin", None if is_usual or not app.node_bin else app.node_bin, why)


def _supervisor(app: FoundApp) -> Value:
    ours = {"user": "systemd-user", "system": "systemd"}
    manager, _, unit = app.unit.partition(" ")
    if unit.startswith("actionhero-") and "@" in unit:
        return Value("supervisor", ours[manager], f"{unit} is the unit of this tool.")
    why = f"{unit} of systemd ({manager}) keeps it alive now: disable that before you deploy."
    return Value("supervisor", "detached" if unit else None, why)


def _listen(app: FoundApp, front: Front | None) -> list[Value]:
    sockets = [at for at in app.endpoints if _SOCKET.search(at)]
    ports = {at.rpartition(":")[2]: at for at in app.endpoints if not at.startswith("/")}
    if sockets:
        return _sockets(app, sockets[0].rpartition("/")[0])
    wanted = [front.upstream if front else "", app.environment.get("PORT", ""), "8080"]
    port = next((one for one in wanted if one in ports), min(ports, key=int, default=""))
    if not port:
        return []
    return [Value("listen", int(port), f"It listens on {ports[port]} now.")]


def _sockets(app: FoundApp, directory: str) -> list[Value]:
    listen = Value("listen", "socket", f"It listens in {directory} now.")
    usual = (f"{app_path(app)}/.deploy/sockets", f"{app_path(app)}/shared/sockets")
    if directory.startswith(usual):
        return [listen]
    return [listen, Value("sockets_dir", directory, "Where its sockets are now.")]


def _environment(app: FoundApp) -> Value:
    own = ("ACTIONHERO_ROLE", "PROJECT_ROOT", "PORT")
    values = {key: value for key, value in app.environment.items() if key not in own}
    other = [n for n in app.variables if not _SECRET.search(n) and not _LOGIN.fullmatch(n)]
    why = "What the running app has."
    if other:
        why += f" It has these as well, whose values were not read: {', '.join(other)}."
    return Value("env", dict(sorted(values.items())) or None, why)


def _stop_timeout(app: FoundApp) -> Value:
    told = app.environment.get("ACTIONHERO_SHUTDOWN_TIMEOUT", "")
    why = (
        "Above ACTIONHERO_SHUTDOWN_TIMEOUT, which is milliseconds: a job that is cut stays claimed."
    )
    return Value("stop_timeout", int(told) // 1000 + 30 if told.isdigit() else None, why)


@dataclass(frozen=True, slots=True)
class Front:
    """The server of an nginx that passes requests on to the app."""

    file: str
    server: Directive
    upstream: str
    """Path of a socket, or port."""


def _fronts(app: FoundApp, found: Discovery) -> Iterator[Front]:
    mine = {one for at in app.endpoints for one in _names(at)}
    for nginx in found.nginx:
        for server in nginx.text.all("server"):
            if server.inside:
                for to in _upstreams(nginx, server):
                    if to in mine:
                        yield Front(nginx.file, server, to)


def _names(endpoint: str) -> Iterator[str]:
    """How nginx may call it: a port; a path, and with releases the link that leads there."""
    yield endpoint if endpoint.startswith("/") else endpoint.rpartition(":")[2]
    if "/shared/sockets/" in endpoint:
        directory, _, name = endpoint.rpartition("/")
        yield f"{directory.rpartition('/')[0]}/live/{name}"


def _upstreams(nginx: FoundNginx, server: Directive) -> Iterator[str]:
    """Where its requests go: paths of sockets, and ports."""
    groups = {one.words[1]: one for one in nginx.text.all("upstream") if len(one.words) > 1}
    for one in server.all("proxy_pass"):
        name = re.sub(r"^https?://", "", one.words[-1]).partition("/")[0]
        group = groups.get(name)
        inside = [to.words[1] for to in group.find("server")] if group else [one.words[-1]]
        for to in inside:
            yield _place(to)


def _place(to: str) -> str:
    if "unix:" in to:
        return to.partition("unix:")[2].partition(":")[0]
    return re.sub(r"^https?://", "", to).partition("/")[0].rpartition(":")[2]


def _nginx(front: Front) -> Value:
    values: dict[str, str] = {}
    for one in front.server.find("server_name", "ssl_certificate", "ssl_certificate_key"):
        values.setdefault(one.name, " ".join(one.words[1:]))
    listens = [one.words for one in front.server.find("listen") if _LISTEN.fullmatch(one.words[1])]
    plain = [words[1] for words in listens if "ssl" not in words]
    secure = [words[1] for words in listens if "ssl" in words]
    made: dict[str, Any] = {"listen": plain[0]} if plain else {}
    if _NAMES.fullmatch(values.get("server_name", "")) and values["server_name"] != "_":
        made["server_name"] = values["server_name"]
    if secure and len(values.keys() & {"ssl_certificate", "ssl_certificate_key"}) == 2:
        keys = {"certificate": values["ssl_certificate"]}
        keys |= {"certificate_key": values["ssl_certificate_key"], "listen": secure[0]}
        made["tls"] = keys
    return Value("nginx", made or None, f"As {front.file} has it now.")


def _role(app: FoundApp, front: Front | None) -> Value:
    told = app.environment.get("ACTIONHERO_ROLE", "")
    is_worker = not front and bool(_WORKERS.search(told) or not app.endpoints)
    name = told or ("worker" if is_worker else "server")
    said = f"ACTIONHERO_ROLE of the running app is {told}" if told else "By what it does"
    if front:
        return Value("role", (name, True), f"{said}; {front.file} passes requests on to it.")
    why = (
        "it works tasks only"
        if is_worker
        else "it listens, and no nginx that can be read is in front"
    )
    return Value("role", (name, not is_worker), f"{said}; {why}.")
