"""What systemd says of rendered units: whether it reads them, and how much they leave open."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.render.checks import Report, write_files

SECONDS = 60
_OVERALL = re.compile(r"Overall exposure level for (\S+): ([\d.]+) (\w+)")


def check_units(files: Mapping[str, str], out: Path) -> Report:
    """`systemd-analyze verify` on a copy of the units, below `out` for the while, and their score.

    The score (`systemd-analyze security`, systemd 250 or newer) is from 0, nothing is open, to 10.
    """
    units = {name: text for name, text in files.items() if name.endswith(".service")}
    if shutil.which("systemd-analyze") is None:
        return Report("systemd-analyze", (), missing="systemd-analyze")
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".check-", dir=out.resolve()) as box:
        paths = [str(path) for path in write_files(units, Path(box))]
        said = _run("verify", "--man=no", *paths).replace(f"{box}/", "")
        scores = _OVERALL.findall(_run("security", "--offline=yes", "--no-pager", *paths))
    findings = [line for line in said.splitlines() if any(name in line for name in units)]
    note = ", ".join(f"{name} leaves {score} of 10 open ({word})" for name, score, word in scores)
    return Report("systemd-analyze", tuple(findings), note=note)


def _run(*words: str) -> str:
    """What it says, in either stream."""
    ended = subprocess.run(
        ["systemd-analyze", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return ended.stdout
