"""`invoke init`: look at the app's repository and its hosts, write an inventory, and check it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deploy.app import Flags, inventory_directory
from deploy.app.asking import ask_for, can_ask
from deploy.app.drafting import Subject, draft
from deploy.app.finding import choose_app, discover
from deploy.app.looking import check
from deploy.app.observing import app_path
from deploy.app.source import Source, read_source
from deploy.errors import DeployError, ExitCode
from deploy.facts.discovery import Discovery
from deploy.inventory import load_environment

_HOST = re.compile(
    r"(?:(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)=)?(?:(?P<user>[^@:=\s]+)@)?"
    r"(?P<address>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The flags of `init`."""

    repository: str = ""
    branch: str = ""
    host: str = ""
    path: str = ""
    ssh_config: str = ""
    overwrite: bool = False


def init(given: Mapping[str, Any], flags: Flags) -> ExitCode:
    """Write the inventory of an environment; what `check` ends with."""
    asked = Asked(**given)
    file = inventory_directory() / f"{flags.env}.yml"
    _refuse_name(flags.env)
    _refuse_existing(file, asked)
    hosts = asked.host or ask(
        "hosts where it runs, or is to run ([user@]address; empty: later)", ""
    )
    ssh_config = str(Path(asked.ssh_config).expanduser().resolve()) if asked.ssh_config else ""
    subjects = parse_hosts(hosts)
    found = discover(subjects, ssh_config)
    path = asked.path or _ask_path(found)
    subjects = [
        replace(one, found=found[one.name], app=choose_app(one.name, found[one.name], path))
        for one in subjects
    ]
    source = _source(asked, subjects, ssh_config)
    text = draft(source, subjects, path, ssh_config)
    _try(flags.env, text)
    _write(file, text)
    _tell(file, source, subjects)
    if not subjects:
        print(
            f"→ put your hosts into {file}, then: invoke check --env {flags.env}", file=sys.stderr
        )
        return ExitCode.DONE
    return check(flags)


def _refuse_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) or name == "defaults":
        raise DeployError(
            f"{name!r} is no name of an environment",
            hint="letters, digits, `.`, `_` and `-`: production, staging",
            exit_code=ExitCode.USAGE,
        )


def _refuse_existing(file: Path, asked: Asked) -> None:
    if file.exists() and not asked.overwrite:
        raise DeployError(
            f"{file} is there already",
            hint="take another name for the environment, or replace it with --overwrite",
            exit_code=ExitCode.USAGE,
        )


def ask(question: str, flag: str) -> str:
    """What a person types; without a terminal, nothing, and an error where `flag` has to say it."""
    if not flag and not can_ask():
        return ""
    why, hint = f"{question} is not known", f"say it with {flag}"
    return ask_for(f"{question}:", why=why, hint=hint).strip()


def _ask_path(found: Mapping[str, Discovery]) -> str:
    """Which app, where several run on a host; nothing without a terminal."""
    several = [one.apps for one in found.values() if len(one.apps) > 1]
    if not several or not can_ask():
        return ""
    print("\n".join(app_path(app) for app in several[0]))
    return ask("which of these is it", "--path")


def parse_hosts(text: str) -> list[Subject]:
    """`[NAME=][user@]address[:port]`, separated by commas. Raises DeployError."""
    subjects: list[Subject] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        found = _HOST.fullmatch(word)
        if not found:
            raise DeployError(
                f"{word!r} is no host",
                hint="write [NAME=][user@]address[:port], several with commas between them",
                exit_code=ExitCode.USAGE,
            )
        address = found["address"].strip("[]")
        name = found["name"] or _name_of(address, len(subjects) + 1)
        port = int(found["port"]) if found["port"] else None
        subjects.append(Subject(name, address, found["user"] or "", port))
    return subjects


def _name_of(address: str, number: int) -> str:
    """The first label of a name; an address has none."""
    if re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", address):
        return f"host{number}"
    return address.partition(".")[0]


def _source(asked: Asked, subjects: Sequence[Subject], ssh_config: str) -> Source:
    """Of the repository that was named, else of that which a host has checked out."""
    origins = [one.app for one in subjects if one.app and one.app.origin]
    place = asked.repository or (origins[0].origin if origins else "")
    place = place or ask("the app's repository (a git URL, or a clone here)", "--repository")
    branch = asked.branch or next((app.branch for app in origins if app.branch), "")
    return read_source(place, branch, ssh_config)


def _try(name: str, text: str) -> None:
    """What is written is an inventory. Raises DeployError with what is wrong with it."""
    with TemporaryDirectory(prefix="inventory-") as directory:
        defaults = inventory_directory() / "defaults.yml"
        if defaults.exists():
            Path(directory, defaults.name).write_text(defaults.read_text("utf-8"), "utf-8")
        Path(directory, f"{name}.yml").write_text(text, "utf-8")
        load_environment(name, Path(directory))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def _tell(file: Path, source: Source, subjects: Sequence[Subject]) -> None:
    """What was seen, on standard error: standard output is what `check` says."""
    first = f"{source.url} at {source.branch}: ActionHero {source.actionhero or 'unknown'}"
    seen = [f"{one.name}: {_seen(one)}" for one in subjects]
    print("\n".join([first, *seen, f"wrote {file}"]), file=sys.stderr)


def _seen(one: Subject) -> str:
    if one.app:
        version = f"ActionHero {one.app.installed or '?'} on Node {one.app.node or '?'}"
        return f"{one.app.directory}, {version}, {one.app.workers} workers"
    if one.found and one.found.others:
        other = one.found.others[0]
        return f"runs ActionHero as {other.owner} (process {other.pid}): log in as that user"
    return "no ActionHero runs there"
