"""Who runs what: the deploy user, and another one for nginx, when the lab is started as root.

One user id for all would hide every permission fault; not started as root, there is no choice.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEPLOY_USER = "ahlab"
NGINX_USER = "www-data"


@dataclass(frozen=True, slots=True)
class Account:
    """A user that processes of the lab run as."""

    name: str
    uid: int
    gid: int
    home: str

    def options(self) -> dict[str, Any]:
        """What subprocess needs to start a program as this user."""
        if os.geteuid() == self.uid:
            return {"umask": 0o022}
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "umask": 0o022}

    def run(
        self,
        *command: str | Path,
        env: Mapping[str, str],
        cwd: Path | str = "/",
        timeout: float = 120,
        check: bool = True,
    ) -> str:
        """Run a program as this user and return its standard output.

        Raises RuntimeError that holds all it printed when it fails, unless `check` is off.
        """
        done = subprocess.run(
            [str(word) for word in command],
            env=dict(env),
            cwd=cwd,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self.options(),
        )
        if check and done.returncode != 0:
            said = f"{done.stdout}{done.stderr}".strip()
            raise RuntimeError(f"{done.args} as {self.name} ended with {done.returncode}: {said}")
        return done.stdout

    def own(self, path: Path, mode: int = 0o755) -> Path:
        """Make the directory `path` and give it to this user."""
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        path.chmod(mode)
        self.give(path)
        return path

    def give(self, *paths: Path) -> None:
        """Make this user the owner of the paths themselves, not of what is below."""
        if os.geteuid() == 0:
            for path in paths:
                os.chown(path, self.uid, self.gid)

    def give_tree(self, top: Path) -> None:
        """Make this user the owner of `top` and all below; links are not followed."""
        if os.geteuid() != 0:
            return
        os.chown(top, self.uid, self.gid)
        for directory, names, files in os.walk(top):
            for name in (*names, *files):
                os.chown(Path(directory, name), self.uid, self.gid, follow_symlinks=False)


def deploy_account() -> Account:
    """The unprivileged user of sshd, git, redis and the apps; root makes it once and says so."""
    if os.geteuid() != 0:
        return _account(os.geteuid())
    account = system_account(DEPLOY_USER)
    if not Path(account.home).exists():  # sshd complains at every login otherwise
        account.own(Path(account.home))
    return account


def system_account(name: str) -> Account:
    """The system user of that name, made by root where it is missing.

    One at a time: of two useradd for one name the second replaces what the first has made.
    """
    with Path("/tmp/.ahlab-accounts.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return _account(name)
        except KeyError:
            print(f"lab: making the system user {name}", file=sys.stderr)
            command = ["useradd", "--system", "--create-home", "--shell", "/bin/sh", name]
            subprocess.run(command, check=True)
            return _account(name)


def nginx_account() -> Account:
    """The user of nginx: www-data, `nobody` where there is none; not root, the current user."""
    if os.geteuid() != 0:
        return _account(os.geteuid())
    try:
        return _account(NGINX_USER)
    except KeyError:
        return _account("nobody")


def program(name: str, near: str = "") -> str:
    """The path of a program, `near` instead of in PATH where given.

    Daemons live in sbin, which users often do not have in PATH. Raises RuntimeError.
    """
    path = near or f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    found = shutil.which(name, path=path)
    if found is None:
        raise RuntimeError(f"{name} is not installed; script/setup installs what the lab needs")
    return found


def _account(who: str | int) -> Account:
    entry = pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)
