"""From what a repository and hosts say to the entries of an inventory, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.app.observing import Value, observe
from deploy.app.source import Source
from deploy.facts.discovery import Discovery, FoundApp
from deploy.inventory.annotated import Entry, annotate
from deploy.inventory.process_model import node_pairing, process_model

_HEAD = """\
yaml-language-server: $schema=schema.json

Written by `invoke init`; the comments say why each value is so. What is not here is in
defaults.yml, or has the default of docs/inventory.md."""
_TOP = (
    "user",
    "port",
    "node_bin",
    "supervisor",
    "workers",
    "listen",
    "sockets_dir",
    "stop_timeout",
    "env",
)
_HOST = ("address", "path", *_TOP, "nginx")
NOT_THERE = "no app runs there yet: the directory that the first deploy makes"


@dataclass(frozen=True, slots=True)
class Subject:
    """One host of the inventory."""

    name: str
    address: str
    user: str = ""
    port: int | None = None
    found: Discovery | None = None
    """None: nobody looked."""
    app: FoundApp | None = None
    """None: none runs there."""


@dataclass(frozen=True, slots=True)
class Draft:
    """All that an inventory is made from."""

    source: Source
    subjects: Sequence[Subject]
    path: str = ""
    """The app's directory, where that was said."""
    ssh_config: str = ""
    values: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """By host."""


def draft(source: Source, subjects: Sequence[Subject], path: str, ssh_config: str) -> str:
    """The text of the inventory."""
    values = {one.name: _values(one) for one in subjects}
    made = Draft(source, subjects, path or f"/srv/{source.name}", ssh_config, values)
    entries = [_app(made), _strategy(made), *_ssh(made), *_top(made), *_secrets(made)]
    return annotate(_HEAD, [*entries, _roles(made), _hosts(made)])


def _values(one: Subject) -> dict[str, Value]:
    login = {
        "address": Value("address", one.address if one.address != one.name else None),
        "user": Value("user", one.user or None, "who logs in, and runs the app"),
        "port": Value("port", one.port, "of ssh"),
    }
    return {**login, **(observe(one.app, one.found) if one.app and one.found else {})}


def _app(made: Draft) -> Entry:
    source = made.source
    name = Entry("name", source.name)
    repository = Entry("repository", source.url, "Both this machine and the hosts read it.")
    branch = Entry("branch", source.branch, f"At {source.revision[:10]} when this was written.")
    entries = [name, repository, branch, _path(made), *_version(made)]
    if source.build:
        why = "package.json has a script `build`; it runs beside the live tree."
        entries.append(Entry("build", [{"run": "npm run build", "timeout": 300}], why))
    return Entry("app", tuple(entries))


def _path(made: Draft) -> Entry:
    first = next((one for one in made.subjects if one.app), None)
    if first and first.app:
        value = made.values[first.name]["path"]
        return Entry("path", value.value, f"{first.name}: {value.why}")
    return Entry("path", made.path, f"{NOT_THERE}.")


def _version(made: Draft) -> list[Entry]:
    """Its version is read from the lockfile at each deploy; it is here only where there is none."""
    source = made.source
    version = source.actionhero or next((a.installed for a in _apps(made) if a.installed), "")
    major = next(
        (int(part) for part in version.lstrip("^~>=v ").split(".")[:1] if part.isdigit()), 0
    )
    if not major:
        return [Entry("process_model", "auto", "No version of ActionHero was found: see docs.")]
    model = (
        f"ActionHero {version} ({source.told_by or 'installed'}): {_MODELS[process_model(major)]}"
    )
    pairing = node_pairing(version, next((a.node for a in _apps(made)), ""))
    why = f"{model}." + (f"\nBut {pairing}." if pairing else "")
    if source.node:
        why += f"\npackage.json asks for Node {source.node}."
    if source.has_lockfile:
        return [Entry("process_model", "auto", why)]
    return [Entry("actionhero", major, f"{why}\nNo lockfile tells: commit package-lock.json.")]


_MODELS = {
    "startCluster": "`actionhero startCluster`, a master and its workers",
    "start cluster": "`actionhero start cluster`, a master and its workers",
    "processes": "single processes, `node dist/server.js`",
}


def _apps(made: Draft) -> list[FoundApp]:
    return [one.app for one in made.subjects if one.app]


def _strategy(made: Draft) -> Entry:
    if any(not is_release(app) for app in _apps(made)):
        why = "The app runs from a tree that is changed in place. Later: docs/existing-server.md."
        return Entry("strategy", "in_place", why)
    return Entry("strategy", "releases", "A directory a release; no request is lost.")


def is_release(app: FoundApp) -> bool:
    """It works in a directory of a release."""
    return "/releases/" in app.directory


def _ssh(made: Draft) -> list[Entry]:
    if not made.ssh_config:
        return []
    why = "Keys, names and jump hosts are written there; an unknown host key is refused."
    return [Entry("ssh", {"config": made.ssh_config}, why)]


def _common(made: Draft, key: str) -> Value | None:
    """What all hosts have alike."""
    values = [made.values[one.name].get(key) for one in made.subjects]
    first = values[0] if values else None
    same = first is not None and all(v is not None and v.value == first.value for v in values)
    return first if same and first and first.value is not None else None


def _top(made: Draft) -> list[Entry]:
    common = [(key, _common(made, key)) for key in _TOP]
    return [Entry(key, value.value, value.why) for key, value in common if value]


def _secrets(made: Draft) -> list[Entry]:
    names = sorted({name for values in made.values.values() for name in _names(values)})
    if not names:
        return []
    why = (
        "The running app has these variables; their values were not read. Set them where you"
        " deploy, or name a file or a command in place of `env`: docs/secrets.md."
    )
    return [Entry("secrets", {name: {"env": name} for name in names}, why)]


def _names(values: Mapping[str, Value]) -> list[str]:
    return values["secrets"].value if "secrets" in values else []


def _roles(made: Draft) -> Entry:
    roles: dict[str, Value] = {} if made.subjects else {_SERVER.value[0]: _SERVER}
    for one in made.subjects:
        role = made.values[one.name].get("role", _SERVER)
        roles.setdefault(role.value[0], role)
    entries = [Entry(name, {"serves": role.value[1]}, role.why) for name, role in roles.items()]
    return Entry("roles", tuple(entries))


_SERVER = Value("role", ("server", True), "nginx stands in front")


def _hosts(made: Draft) -> Entry:
    if not made.subjects:
        example: dict[str, Any] = {"address": "web1.example.com", "roles": ["server"]}
        return Entry("hosts", {"web1": example}, "An example: put your hosts here.")
    return Entry("hosts", tuple(_host(made, one) for one in made.subjects))


def _host(made: Draft, one: Subject) -> Entry:
    values = made.values[one.name]
    entries = [
        Entry(key, value.value, value.why)
        for key in _HOST
        if (value := values.get(key)) and value.value is not None and not _is_said(made, key, value)
    ]
    role = values.get("role", _SERVER)
    why = "" if one.app or not one.found else f"{NOT_THERE}."
    return Entry(one.name, (Entry("roles", [role.value[0]]), *entries), why)


def _is_said(made: Draft, key: str, value: Value) -> bool:
    """It stands above already, for all hosts."""
    if key == "path":
        return bool(value.value == _path(made).value)
    return key in _TOP and _common(made, key) is not None
