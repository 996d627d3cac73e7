"""What no single value of a program shows: placeholders that do not exist, one file twice."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from deploy.inventory.faults import Fault
from deploy.inventory.nodes import Node
from deploy.inventory.programs import COMMANDS, KNOBS, ROOT, placeholders
from deploy.inventory.validation import nearest

_SHELL = re.compile(r"[|&;<>()$`\\\"'*?\[\]#~!\n]")
_HIGHEST_PORT = 65535
_CLUSTER_PORT = _HIGHEST_PORT - 10000
_PATH = re.compile(r"^/[A-Za-z0-9._/+-]+$")


def check_programs(host: str, settings: Node) -> Iterator[Fault]:
    """Every cross check of the programs of one host, whose settings are merged."""
    programs = settings.get("programs")
    seen: dict[object, str] = {}
    for name, program in (programs.children() if programs else {}).items():
        if (off := program.get("enabled")) and off.value is False:
            continue
        yield from _check_files(name, program)
        yield from _check_commands(name, program)
        yield from _check_destinations(host, program, seen)
    yield from _check_cluster_port(host, settings)


def _check_files(name: str, program: Node) -> Iterator[Fault]:
    files = program.get("files")
    if isinstance(program.value, dict) and not (files and files.value):
        text = f"has no files, and {name} is no built-in target"
        yield Fault(program.key_at, program.key, text)


def _check_commands(name: str, program: Node) -> Iterator[Fault]:
    known = [*(files.children() if (files := program.get("files")) else ()), ROOT]
    for key in COMMANDS:
        command = program.get(key)
        if command is None or not isinstance(command.value, str):
            continue
        for word in placeholders(command.value):
            if word not in known and not word.startswith(KNOBS):
                text = f"{{{word}}} is no file of {name}; {nearest(word, known)}"
                yield Fault(command.at, command.key, text)
        sudo = program.get("sudo")
        if sudo and sudo.value is True:
            yield from _check_sudo(command, command.value)


def _check_sudo(command: Node, line: str) -> Iterator[Fault]:
    """sudo permits an exact command: a path, and words that mean nothing to a shell."""
    plain = re.sub(r"\{[^{}]*\}", "x", line)
    if _SHELL.search(plain) or not _PATH.match(shlex.split(plain)[0]):
        text = (
            "with `sudo: true` a command is an absolute path and plain words, which sudo permits"
            " exactly; write a script for anything else"
        )
        yield Fault(command.at, command.key, text)


def _check_destinations(host: str, program: Node, seen: dict[object, str]) -> Iterator[Fault]:
    files = program.get("files")
    for file in (files.children() if files else {}).values():
        destination = file.get("destination")
        if destination is None:
            continue
        if destination.value in seen:
            other = seen[destination.value]
            text = f"{destination.value!r} on {host} is the destination of {other}, too"
            yield Fault(destination.at, destination.key, text)
        seen.setdefault(destination.value, file.key)


def _check_cluster_port(host: str, settings: Node) -> Iterator[Fault]:
    """Nodes of redis cluster talk to each other on a second port (redis.conf, cluster-port)."""
    section = settings.get("redis_server")
    port, cluster = (section and section.get(key) for key in ("port", "cluster"))
    if not port or not cluster or cluster.value is not True or not isinstance(port.value, int):
        return
    if _CLUSTER_PORT < port.value <= _HIGHEST_PORT:
        text = (
            f"{port.value} on {host}; allowed: up to {_CLUSTER_PORT} with `cluster: true`, since"
            " its nodes talk on the port 10000 above it"
        )
        yield Fault(port.at, port.key, text)
