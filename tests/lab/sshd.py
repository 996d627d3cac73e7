"""A real sshd a host: its own address, host key, home and environment, all as the deploy user.

Nothing outside the lab is read: neither ~/.ssh nor /etc/ssh.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.lab.accounts import Account, program
from tests.lab.processes import MARK
from tests.lab.site import GIT, SSH_PORT, Site
from tests.lab.toolchain import Toolchain

_SSHD = """\
ListenAddress {address}:{port}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/authorized_keys
PidFile {directory}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
UseDNS no
LogLevel VERBOSE
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
MaxStartups 100:30:200
MaxSessions 100
AcceptEnv GIT_PROTOCOL
SetEnv {environment}
"""
"""The key exchange was OpenSSH's first choice for years; its newest takes ten times the work."""

_CLIENT = """\
Host {name} {address}
  HostName {address}
  Port {port}
  User {user}
  IdentityFile {identity}
  IdentitiesOnly yes
  UserKnownHostsFile {known_hosts}
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
"""

_INIT = """
import ctypes, os, sys
if os.fork():
    os._exit(0)
os.setsid()
for descriptor in range(3):
    os.dup2(os.open("/dev/null", os.O_RDWR), descriptor)
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
"""
"""What init does on a host: it adopts orphans and reaps them at once. Where the machine's own
does not, the pidfile of a cluster master that ended names a zombie, and the next start fails."""


def environment(site: Site, host: str, toolchain: Toolchain) -> dict[str, str]:
    """What a login on that host finds in its environment, above what sshd sets itself."""
    home = site.home(host)
    return {
        "HOME": str(home),
        MARK: str(site.root),
        "TMPDIR": str(site.directory(host) / "tmp"),
        # ssh looks up the home in passwd, where all hosts are one; so it is told its files.
        "GIT_SSH_COMMAND": f"ssh -F {home}/.ssh/config",
        "npm_config_cache": str(toolchain.cache),
        "npm_config_registry": toolchain.registry,
        "npm_config_prefer_offline": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }


def make_keys(site: Site, account: Account) -> None:
    """A key to log in with, a deploy key for the hosts, a host key each, and known_hosts."""
    account.own(site.keys)
    login = _make_key(site.keys / "login", account)
    deploy = _make_key(site.keys / "deploy", account)
    known = []
    for name in site.machines:
        directory = account.own(site.directory(name))
        public = _make_key(directory / "host_key", account)
        known.append(f"[{site.address(name)}]:{SSH_PORT} {' '.join(public.split()[:2])}\n")
        allowed = [login, f"restrict {deploy}"] if name == GIT else [login]
        (directory / "authorized_keys").write_text("".join(allowed))
    (site.keys / "known_hosts").write_text("".join(known))


def write_host(site: Site, host: str, account: Account, toolchain: Toolchain) -> Path:
    """The files of one host; returns its sshd_config."""
    directory = site.directory(host)
    account.own(directory / "tmp", 0o700)
    account.own(site.home(host))
    client = account.own(site.home(host) / ".ssh", 0o700) / "config"
    client.write_text(_client(site, GIT, account.name, site.keys / "deploy"))
    account.give(client)
    values = environment(site, host, toolchain).items()
    config = directory / "sshd_config"
    config.write_text(
        _SSHD.format(
            address=site.address(host),
            port=SSH_PORT,
            directory=directory,
            environment=" ".join(f'"{name}={value}"' for name, value in values),
        )
    )
    return config


def write_client(site: Site, account: Account) -> None:
    """The controller's ssh_config: every host by its name, and the git host."""
    login = site.keys / "login"
    blocks = [_client(site, name, account.name, login) for name in site.machines]
    site.ssh_config.write_text("\n".join(blocks))


def start(site: Site, host: str, config: Path, account: Account) -> Path:
    """Start a host's sshd in the background, under an init of its own; returns its pidfile."""
    directory = site.directory(host)
    sshd = program("sshd")  # has to be called by its absolute path
    command = (sshd, "-D", "-f", config, "-E", directory / "sshd.log")
    python = program("python3", near="/usr/bin:/bin:/usr/local/bin")
    account.run(python, "-c", _INIT, *command, env={MARK: str(site.root)}, cwd=site.root)
    return directory / "sshd.pid"


def command(site: Site, host: str, script: str) -> list[str]:
    """The command line that runs a script on a host, with node in PATH."""
    whole = f"export PATH={shlex.quote(str(site.node))}/bin:$PATH\n{script}"
    remote = f"exec sh -euc {shlex.quote(whole)}"
    return [program("ssh"), "-F", str(site.ssh_config), "-oBatchMode=yes", host, remote]


def git_ssh(site: Site) -> str:
    """GIT_SSH_COMMAND for the controller."""
    return f"ssh -F {shlex.quote(str(site.ssh_config))}"


def _client(site: Site, name: str, user: str, identity: Path) -> str:
    return _CLIENT.format(
        name=name,
        address=site.address(name),
        port=SSH_PORT,
        user=user,
        identity=identity,
        known_hosts=site.keys / "known_hosts",
    )


def _make_key(path: Path, account: Account) -> str:
    """Make a key pair; returns the line of its public half."""
    account.run(
        program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", path, env={}
    )
    return path.with_name(path.name + ".pub").read_text()
