"""The programs' own checks on this machine, as far as the programs are installed here.

A copy is checked, in a directory that is gone afterwards.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.render.checks import Report, check_gixy, check_nginx, has_gixy, write_files
from deploy.render.commands import command_words, trial_text
from deploy.render.programs import RenderedProgram

SECONDS = 60
_FAULT = re.compile(r"^error: |\[ALERT\].* parsing ")
"""How logrotate and haproxy begin to tell of one."""
_ELSEWHERE = (
    re.compile(r"unknown (?P<what>user '[^']+')"),
    re.compile(r"unable to stat SSL certificate from file '(?P<what>[^']+)' : No such file"),
)
"""What a host has, and the machine that one renders on need not have."""
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_NGINX = ("nginx", "nginx_balancer", "nginx_site")
_AROUND = """\
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
worker_rlimit_nofile 2048;
events { }
http { include site.conf; }
"""
"""An nginx.conf around one site; the host's own, with its other sites, is not here."""
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN])


def check_locally(programs: Sequence[RenderedProgram], out: Path) -> Iterator[Report]:
    """One report a program and check; below `out` there are copies for the while."""
    for one in programs:
        if one.program.check is None:
            yield Report(one.name, (), note="it has no check")
        elif missing := _missing(one):
            yield Report(one.name, (), missing=missing)
        elif one.name in _NGINX:
            yield from _check_nginx(one, out)
        else:
            yield _check(one, out)


def _missing(one: RenderedProgram) -> str:
    """The program that the check begins with, when it is not here."""
    program = shlex.split(one.program.check or "")[0]
    return "" if shutil.which(program, path=_PATH) else program


def _check_nginx(one: RenderedProgram, out: Path) -> Iterator[Report]:
    """nginx opens what the file names, so it gets a copy that names places of its own."""
    files = {file.name: file.text for file in one.files if file.name.endswith(".conf")}
    files.setdefault("nginx.conf", _AROUND)
    yield check_nginx(files, out)
    yield check_gixy(files, out) if has_gixy() else Report("gixy", (), missing="gixy")


def _check(one: RenderedProgram, out: Path) -> Report:
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".check-", dir=out.resolve()) as root:
        texts = {f.destination.lstrip("/"): trial_text(f.text, one, root) for f in one.files}
        write_files(texts, Path(root), set(texts))
        words = command_words(one, one.program.check, root)
        ended = subprocess.run(
            ["timeout", str(SECONDS), *words],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=root,
            env={**os.environ, "PATH": _PATH},
        )
        said = (ended.stdout + ended.stderr).replace(root, "").splitlines()
    if ended.returncode == 0:
        return Report(one.name, ())
    if elsewhere := _elsewhere(said):
        return Report(one.name, (), missing=elsewhere)
    return Report(one.name, tuple(said[-20:]) or (f"ended with {ended.returncode}",))


def _elsewhere(said: Sequence[str]) -> str:
    """What is missing here, where that is all that speaks against the files; empty otherwise."""
    faults = [line for line in said if _FAULT.search(line)]
    found = [next(filter(None, (p.search(line) for p in _ELSEWHERE)), None) for line in faults]
    known = [match["what"] for match in found if match]
    return known[0] if known and len(known) == len(faults) else ""
