"""One revision for all roles of a topology: a process takes the rendered files of its own."""

from __future__ import annotations

from pathlib import Path

from tests.lab.topology import PASSWORD

APP = 18
"""The version of the app whose configuration is written so."""
_CHOICE = "module.exports = require('../roles/' + process.env.ACTIONHERO_ROLE + '/config/{}.js')\n"


def role_files(rendered: Path) -> dict[str, str | None]:
    """The app's files from what `render-config` wrote there, for a commit.

    Raises ValueError where it wrote the password.
    """
    files: dict[str, str | None] = {}
    for name in ("redis", "tasks"):
        files[f"config/{name}.js"] = _CHOICE.format(name)
        for role, host in (("server", "web1"), ("worker", "jobs1")):
            text = (rendered / host / f"config/{name}.js").read_text()
            if PASSWORD in text:
                raise ValueError(f"the password is in config/{name}.js of {host}")
            files[f"roles/{role}/config/{name}.js"] = text
    return files
