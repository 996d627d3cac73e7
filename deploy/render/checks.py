"""What other programs say of the rendered files: nginx itself, and the analyser gixy.

Both read a copy that is gone afterwards; nothing of the machine's nginx is touched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeGuard

from deploy.errors import DeployError, ExitCode
from deploy.render.engine import find_template
from deploy.render.sandbox import make_certificate, sandboxed

ALLOW_FILE = "nginx/gixy-allow.txt"
"""Findings of gixy that are meant, a line each: `check: reason`. A project may override it."""

_BESIDE = (str(Path(sys.executable).parent),)
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/sbin")
_MESSAGE = re.compile(r"(?:nginx: |[\d/]+ [\d:]+ )\[(?P<level>\w+)\] (?:\d+#\d+: )?(?P<text>.+)")
_TIMEOUT = 60
"""Seconds; either program takes well under one."""
_SYNTAX_ONLY = (
    "nginx -t proves syntax only: on a copy, with addresses, pidfile, logs, temporary paths,"
    " user and certificates replaced"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What one program found in one host's files."""

    tool: str
    """`nginx -t` or `gixy`."""
    findings: tuple[str, ...]
    """Each stands against the file; none means that it passed."""
    allowed: tuple[str, ...] = ()
    """Findings that the allow-file expects, each with its reason."""
    note: str = ""
    """What a pass does not prove."""
    missing: str = ""
    """The program that is not on this machine, so that nothing was checked."""

    @property
    def passed(self) -> bool:
        """True when nothing was found that is not allowed."""
        return not self.findings


def write_files(
    files: Mapping[str, str], directory: Path, private: Collection[str] = ()
) -> list[Path]:
    """Write each file below `directory`, each whole or not at all, and say which ones these are.

    Nobody else may read those named in `private`. Raises DeployError for a name that leads out of
    `directory`, or when it cannot be written.
    """
    return [_write(directory, name, text, name in private) for name, text in files.items()]


def check_nginx(files: Mapping[str, str], out: Path) -> Report:
    """Let the real `nginx -t` read a sandboxed copy of the files, below `out` for the while.

    Warnings count as findings. Raises DeployError when there is no nginx on this machine.
    """
    program = _program("nginx", _SBIN, "install nginx, or leave out --check")
    with _scratch(out) as box:
        write_files({name: sandboxed(text, box) for name, text in files.items()}, box)
        make_certificate(box)
        ended = _run([program, "-t", "-q", "-p", f"{box}/", "-c", str(box / "nginx.conf")])
    said = ended.stderr.replace(f"{box}/", "").splitlines()
    findings = [f"{m['level']}: {m['text']}" for m in map(_MESSAGE.match, said) if _is_finding(m)]
    if ended.returncode and not findings:
        findings = [f"nginx -t ended with {ended.returncode}", *said]
    # Builds with an error log of their own say everything twice.
    return Report("nginx -t", tuple(dict.fromkeys(findings)), note=_SYNTAX_ONLY)


def check_gixy(files: Mapping[str, str], out: Path, project: Path | None = None) -> Report:
    """Let gixy look for what is insecure in a copy of nginx.conf, below `out` for the while.

    Raises DeployError when gixy is not installed, or does not understand the file.
    """
    program = _program("gixy", _BESIDE, "pip install gixy-ng, or leave out --check")
    allowed = read_allow_file(project)
    with _scratch(out) as box:
        write_files(files, box)
        found = _ask_gixy(program, box / "nginx.conf")
        named = [(issue["plugin"], _issue(issue)) for issue in found]
    return Report(
        "gixy",
        tuple(text for plugin, text in named if plugin not in allowed),
        tuple(f"{text} (meant: {allowed[plugin]})" for plugin, text in named if plugin in allowed),
    )


def read_allow_file(project: Path | None = None) -> dict[str, str]:
    """Check of gixy → reason why its finding is meant. Raises DeployError for a missing reason."""
    file = find_template(ALLOW_FILE, project)
    allowed = {}
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        check, _, reason = (part.strip() for part in line.partition(":"))
        if check and not check.startswith("#"):
            if not reason:
                raise DeployError(
                    f"{file}:{number}: {check} is allowed without a reason",
                    step="gixy",
                    hint="write it as `check: reason`",
                    exit_code=ExitCode.USAGE,
                )
            allowed[check] = reason
    return allowed


def _ask_gixy(program: str, config: Path) -> list[dict[str, str]]:
    ended = _run([program, "--format", "json", str(config)])
    try:
        issues: list[dict[str, str]] = json.loads(ended.stdout)
    except ValueError as error:
        details = tuple(ended.stderr.splitlines()[-20:])
        raise DeployError("gixy gave no answer", step="gixy", details=details) from error
    return issues


@contextmanager
def _scratch(out: Path) -> Iterator[Path]:
    """A directory below `out` that is gone afterwards: what was rendered there stays as it is."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".check-", dir=out.resolve()) as directory:
        yield Path(directory)


def _issue(issue: Mapping[str, str]) -> str:
    reason = issue.get("reason") or issue.get("summary", "")
    return f"{issue['plugin']} ({issue.get('severity', '').lower()}): {reason}"


def _is_finding(message: re.Match[str] | None) -> TypeGuard[re.Match[str]]:
    """nginx first opens the error log compiled into it, which only root may; no fault of ours."""
    return message is not None and "could not open error log file" not in message["text"]


def has_gixy() -> bool:
    """It is installed on this machine."""
    return _find("gixy", _BESIDE) is not None


def _find(name: str, places: tuple[str, ...]) -> str | None:
    path = os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])
    return shutil.which(name, path=path)


def _program(name: str, places: tuple[str, ...], hint: str) -> str:
    found = _find(name, places)
    if found is None:
        raise DeployError(f"there is no {name} on this machine", step="render --check", hint=hint)
    return found


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise DeployError(f"{command[0]} gave no answer within {_TIMEOUT} s") from error


def _write(directory: Path, name: str, text: str, is_private: bool) -> Path:
    target = directory / name
    if not target.resolve().is_relative_to(directory.resolve()):
        raise DeployError(f"{name!r} leads out of {directory}", step="render")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600 if is_private else 0o666)
        partial.write_text(text, "utf-8")
        partial.replace(target)
    except OSError as error:
        raise DeployError(f"cannot write {target}: {error.strerror}", step="render") from error
    return target
