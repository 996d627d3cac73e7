"""ActionHero's own configuration for one host, from templates/actionhero/ and the inventory.

CommonJS files in config/ up to version 19, TypeScript files in src/config/ from 28.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.layout import ReleasesLayout, layout_for
from deploy.inventory.models import Environment, Host
from deploy.inventory.settings_actionhero import TaskSettings
from deploy.render.engine import render_template
from deploy.render.nginx import known_major
from deploy.render.quoting import Verbatim, javascript_value
from deploy.render.redis_clients import client_values

CLUSTER_FILES = (
    "config/api.js",
    "config/redis.js",
    "config/tasks.js",
    "config/servers/web.js",
    "config/servers/websocket.js",
    "config/servers/socket.js",
)
"""What majors up to 19 read; booted with 14.0.12 and 18.1.4."""

PROCESS_FILES = (
    "src/config/api.ts",
    "src/config/redis.ts",
    "src/config/tasks.ts",
    "src/config/web.ts",
    "src/config/websocket.ts",
)
"""What majors from 28 on read; booted with 29.3.5. They have no raw socket server."""

_LAST_COMMONJS = 19
_PIDS = Verbatim('path.join(process.cwd(), "pids")')
_OWN_PORT = Verbatim("String(process.env.PORT)")
"""A release is told its own socket when it starts, and keeps its pidfiles in its own directory."""
_FIRST_FLAT = 28
"""20 to 27 are TypeScript with a directory src/config/servers/ (upstream's packages on npm)."""
_SECTIONS = ("general", "redis", "tasks", "logger", "web", "websocket", "socket")
_LOGGER = {"cluster": "config/logger.js", "processes": "src/config/logger.ts"}
"""Rendered where the inventory has a word on it: stock ones are what many apps changed."""
_LAST_WITH_OLD_CLIENT_NAME = 14


def render_config(
    environment: Environment,
    host: Host,
    *,
    major: int | None = None,
    project: Path | None = None,
) -> dict[str, str]:
    """Path in the app's tree → text, for a host that runs the app; nothing for one that does not.

    Secrets are read by the files from the process's environment, and stand in none of them.
    `major` is ActionHero's major version where the inventory does not name it; `project` the
    directory whose templates/ come first. Raises DeployError that names template, line and key.
    """
    if not host.runs_app:
        return {}
    version = known_major(environment.app, major)
    directory, names = _templates(version)
    if host.settings.actionhero.logger:
        names = (*names, _logger(host, version, directory))
    values = _values(environment, host, version)
    return {
        name: _render(host, f"actionhero/{directory}/{name}.j2", values, project) for name in names
    }


def _templates(major: int) -> tuple[str, tuple[str, ...]]:
    """The directory of templates and the files in it that `major` reads."""
    if major <= _LAST_COMMONJS:
        return "cluster", CLUSTER_FILES
    if major >= _FIRST_FLAT:
        return "processes", PROCESS_FILES
    raise DeployError(
        f"the configuration of ActionHero {major} is not rendered; up to {_LAST_COMMONJS}"
        f" and from {_FIRST_FLAT} it is",
        step="render",
        hint="keep the configuration in the app, and read ACTIONHERO_ROLE and PORT there",
        exit_code=ExitCode.USAGE,
    )


def _logger(host: Host, major: int, directory: str) -> str:
    """The file of the log; 19 has winston 3, and a shape that no other one has."""
    if major == _LAST_COMMONJS:
        raise DeployError(
            f"the logger of ActionHero {major} is not rendered; up to 18 and from 28 it is",
            host=host.name,
            step="render",
            hint="leave out actionhero.logger, and keep config/logger.js in the app",
            exit_code=ExitCode.USAGE,
        )
    return _LOGGER[directory]


def _render(host: Host, name: str, values: dict[str, Any], project: Path | None) -> str:
    try:
        return render_template(name, values, javascript_value, project)
    except DeployError as error:
        error.host = host.name
        raise


def _values(environment: Environment, host: Host, major: int) -> dict[str, Any]:
    layout = layout_for(environment, host)
    knobs = host.settings.actionhero
    return {
        "environment": environment,
        "app": environment.app,
        "host": host,
        "role": host.role,
        "serves": host.serves,
        "vars": host.settings.vars,
        "pids": _PIDS if isinstance(layout, ReleasesLayout) else layout.pids,
        "log": layout.log,
        "port": _OWN_PORT if isinstance(layout, ReleasesLayout) else _port(host, layout.socket()),
        "token": knobs.server_token_env,
        "token_missing": f"{knobs.server_token_env} is not set: declare it under secrets",
        "boot_attempts": knobs.boot_attempts,
        "redis": client_values(host, old_client=major <= _LAST_COMMONJS),
        "tasks": _tasks(host),
        "logger": knobs.logger,
        "websocket": host.serves and knobs.websocket,
        "tcp": host.serves and knobs.tcp_port is not None,
        "tcp_port": knobs.tcp_port or 5000,
        "tcp_bind": knobs.tcp_bind,
        "client_js_name": _client_name(major),
        "extra": {**{section: {} for section in _SECTIONS}, **knobs.extra},
    }


def _port(host: Host, socket: str) -> int | str:
    """A role that does not serve has its socket only, whatever `listen` says."""
    return host.settings.listen if host.serves and host.settings.listen != "socket" else socket


def _tasks(host: Host) -> TaskSettings:
    """Servers enqueue and never work: actions must stay quick (Production Notes, Topology)."""
    tasks = host.settings.actionhero.tasks
    if not host.serves:
        return tasks
    off = {"scheduler": False, "min_task_processors": 0, "max_task_processors": 0}
    return tasks.model_copy(update=off)


def _client_name(major: int) -> str:
    """File name of the WebSocket client that ActionHero writes into public/javascript/."""
    old = major <= _LAST_WITH_OLD_CLIENT_NAME
    return "actionheroClient" if old else "ActionheroWebsocketClient"
