"""The files of a host's programs, rendered; and its commands, with every path filled in.

Nothing is written or sent here: what `configure` installs and what `render` writes is this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.fields import Knobs
from deploy.inventory.layout import layout_for
from deploy.inventory.models import Environment, File, Host, Program
from deploy.inventory.programs import placed
from deploy.render.balancers import haproxy_values, nginx_balancer_values
from deploy.render.boot import init_values, monit_values
from deploy.render.engine import render_template
from deploy.render.logs import logrotate_values, rsyslog_values, syslog_ng_values
from deploy.render.nginx import nginx_values, site_values
from deploy.render.quoting import QUOTES
from deploy.render.redis import redis_values, sentinel_values
from deploy.render.spelling import SPELLINGS

Values = Callable[..., dict[str, Any] | None]

COMPUTED: dict[str, Values] = {
    "nginx": nginx_values,
    "nginx_site": site_values,
    "haproxy": haproxy_values,
    "nginx_balancer": nginx_balancer_values,
    "redis_server": redis_values,
    "sentinel": sentinel_values,
    "syslog_ng": syslog_ng_values,
    "rsyslog": rsyslog_values,
    "logrotate": logrotate_values,
    "init": init_values,
    "monit": monit_values,
}
"""By program, what its templates need besides knobs; None on a host that has no part in it."""


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One file of a host, as it is to be."""

    program: str
    name: str
    """Its key under the program's `files`."""
    destination: str
    mode: str
    """Four octal digits."""
    owner: str
    """`user`, `user:group`, or empty: whoever installs it."""
    secret: bool
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RenderedProgram:
    """One program of a host: what the inventory says of it, and its files."""

    name: str
    program: Program
    knobs: Knobs | None
    """The settings' section that is named like it, if there is one."""
    files: tuple[RenderedFile, ...]


class SecretText(str):
    """A secret's value in a template; its repr is its name, for the words of an error."""

    __slots__ = ("_name",)
    _name: str

    def __new__(cls, name: str, value: str) -> SecretText:
        """The value of the secret that is called so."""
        made = super().__new__(cls, value)
        made._name = name
        return made

    def __repr__(self) -> str:
        return f"«{self._name}»"


class Secrets:
    """The secrets of one host, each read when a template asks for it; knows which were."""

    def __init__(self, names: Mapping[str, object], read: Callable[[str], str]) -> None:
        self._names = names
        self._read = read
        self.values: dict[str, str] = {}

    def __call__(self, name: str) -> SecretText:
        """Its value. Raises DeployError where the inventory declares none of that name."""
        if name not in self._names:
            known = ", ".join(sorted(self._names)) or "none"
            raise DeployError(
                f"no secret {name!r} is declared; there are: {known}",
                step="render",
                hint="declare it under `secrets` in the inventory",
                exit_code=ExitCode.USAGE,
            )
        if name not in self.values:
            self.values[name] = self._read(name)
        return SecretText(name, self.values[name])

    def mask(self, text: str) -> str:
        """`text` with the name of each secret that was read in place of its value."""
        for name, value in self.values.items():
            for spelled in (value, repr(value)[1:-1]):
                text = text.replace(spelled, f"«{name}»") if spelled else text
        return text


def render_programs(
    environment: Environment,
    host: Host,
    secrets: Secrets,
    *,
    major: int | None = None,
    project: Path | None = None,
    wanted: Callable[[str, Program], bool] = lambda _name, _program: True,
) -> tuple[RenderedProgram, ...]:
    """Every enabled program of `host` that is `wanted`, with its files, in the inventory's order.

    `major` is ActionHero's, where the inventory does not name it. Raises DeployError that names
    template, line and key, and for a secret in a file that is not `secret: true`.
    """
    found = (
        _render_program(environment, host, name, secrets, major, project)
        for name, program in host.settings.programs.items()
        if program.enabled and wanted(name, program)
    )
    return tuple(one for one in found if one is not None)


def knobs_of(host: Host, program: str) -> Knobs | None:
    """The section of the settings that is named like the program, or that it names."""
    named = host.settings.programs[program].settings or program
    section = getattr(host.settings, named.replace("-", "_"), None)
    return section if isinstance(section, Knobs) else None


def _render_program(
    environment: Environment,
    host: Host,
    name: str,
    secrets: Secrets,
    major: int | None,
    project: Path | None,
) -> RenderedProgram | None:
    computed = COMPUTED[name](environment, host, major=major) if name in COMPUTED else {}
    if computed is None:
        return None
    program = placed(host.settings.programs[name], environment.app.name)
    knobs = knobs_of(host, name)
    values = {
        "environment": environment,
        "app": environment.app,
        "host": host,
        "hosts": environment.hosts,
        "layout": layout_for(environment, host),
        "vars": host.settings.vars,
        "knobs": knobs,
        "program": program,
        **computed,
    }
    files = tuple(
        _render_file(host, name, key, file, values, secrets, project)
        for key, file in program.files.items()
    )
    return RenderedProgram(name, program, knobs, files)


def _render_file(
    host: Host,
    program: str,
    key: str,
    file: File,
    values: dict[str, Any],
    secrets: Secrets,
    project: Path | None,
) -> RenderedFile:
    asked: list[str] = []

    def secret(name: str) -> SecretText:
        asked.append(name)
        return secrets(name)

    given = {**values, "file": file, "secret": secret}
    try:
        text = render_template(file.template, given, (QUOTES | SPELLINGS)[file.quote], project)
    except DeployError as error:
        raise DeployError(
            secrets.mask(error.message),
            host=host.name,
            step=error.step,
            hint=error.hint,
            exit_code=error.exit_code,
        ) from None
    if asked and not file.secret:
        raise DeployError(
            f"{file.template} puts the secret {asked[0]} into {file.destination}, which is not"
            " secret",
            host=host.name,
            step="render",
            hint=f"set programs.{program}.files.{key}.secret: true",
            exit_code=ExitCode.USAGE,
        )
    owner = file.owner or ("root" if host.settings.programs[program].sudo else "")
    return RenderedFile(program, key, file.destination, file.permissions, owner, file.secret, text)
