"""Units and sudo rules for `supervisor: systemd`, made here, by the verbs that hosts compare with.

Root runs them: no word comes from the account that they are to bound.
"""

from __future__ import annotations

import json
import re
import subprocess

from deploy.errors import DeployError
from deploy.inventory.layout import Layout
from deploy.inventory.models import Host
from deploy.shell import Line, call, compile_script, loader_command

_SYSTEMCTL = ("/usr/bin/systemctl", "/bin/systemctl")
"""Where only root can put a file."""
_NONCE = "units"


def render_units(host: Host, layout: Layout, login: str, systemctl: str) -> dict[str, str]:
    """`{name: text}` of what an administrator installs on `host`, for that login.

    `systemctl` is its path there, as the host says. Raises DeployError for any that root's is not.
    """
    if systemctl not in _SYSTEMCTL:
        raise DeployError(
            f"systemctl is said to be {systemctl!r}; root's is one of {_SYSTEMCTL}",
            host=host.name,
            step="render",
            hint="log in and see what changed that: rules for sudo would let it run as root",
        )
    arguments = (layout.app, escape_path(layout.app), host.settings.stop_timeout, login, systemctl)
    return _files(_ask("show_units", *arguments))


def escape_path(path: str) -> str:
    """A path as a part of a unit's name, as `systemd-escape --path` has it (systemd.unit(5))."""
    named = "/".join(part for part in path.split("/") if part) or "/"
    escaped = re.sub(rb"^\.|[^A-Za-z0-9:_./]", lambda at: b"\\x%02x" % ord(at[0]), named.encode())
    return escaped.decode().replace("/", "-")


def _ask(verb: str, *arguments: str | int) -> str:
    """What that verb prints on this machine."""
    line = Line(verb, call(verb, *arguments), is_fact=True)
    script = compile_script([line], nonce=_NONCE)
    words = ["sh", "-c", loader_command(len(script))]
    done = subprocess.run(words, input=script, stdout=subprocess.PIPE, check=True)
    reports = [json.loads(one) for one in done.stdout.decode().split("\x1e") if one]
    return str(next(one["text"] for one in reports if one["type"] == "fact"))


def _files(text: str) -> dict[str, str]:
    """Lines of files, each behind its file's name and a tab."""
    files: dict[str, str] = {}
    for line in text.split("\n")[:-1]:
        name, _, rest = line.partition("\t")
        files[name] = files.get(name, "") + f"{rest}\n"
    return files
