"""Where a host is and how one logs in there: the inventory over the OpenSSH configuration.

Keywords that count: HostName Port User IdentityFile IdentitiesOnly IdentityAgent ProxyJump
ProxyCommand UserKnownHostsFile GlobalKnownHostsFile HostKeyAlias ForwardAgent ConnectTimeout.
"""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import Host, Ssh
from deploy.transport.ssh.client_config import look_up

_USER_KNOWN_HOSTS = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
_GLOBAL_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"


@dataclass(frozen=True, slots=True)
class Destination:
    """One hop: an address, a login, and what is known about both."""

    address: str
    port: int
    user: str
    identity_files: tuple[str, ...]
    identities_only: bool
    use_agent: bool
    known_hosts: tuple[str, ...]
    """Files, in the order in which they are asked; never empty."""
    host_key_alias: str
    forward_agent: bool
    connect_timeout: int
    """Seconds, for the connection and for each stage of logging in."""
    proxy_command: str | None
    jumps: tuple[Destination, ...]
    """Hosts to pass, nearest first."""

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.address} port {self.port}"

    @property
    def login(self) -> str:
        """As `ssh -J` takes it."""
        return f"{self.user}@{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class _Name:
    """`[user@]host[:port]`, as in the inventory's gateway and in ProxyJump."""

    host: str
    user: str | None
    port: int | None


def resolve(host: Host, ssh: Ssh) -> Destination:
    """Where `host` is. Raises DeployError for a configuration that cannot be read."""
    settings = host.settings
    name = _Name(host.address, settings.user, settings.port)
    try:
        return _resolve(name, ssh, settings.gateway, ())
    except DeployError as error:
        error.host = host.name
        raise


def _resolve(name: _Name, ssh: Ssh, gateway: str | None, seen: tuple[str, ...]) -> Destination:
    if name.host in seen:
        chain = " → ".join((*seen, name.host))
        raise _usage(
            f"jump hosts go in a circle: {chain}", "see ProxyJump in the ssh configuration"
        )
    options = look_up(ssh.config, name.host, name.user, name.port)
    hops = gateway or options.get("proxyjump", "none")
    jumps = () if hops == "none" else _jumps(hops, ssh, (*seen, name.host))
    return Destination(
        address=options.get("hostname", name.host),
        port=int(options.get("port", 22)),
        user=options.get("user") or getpass.getuser(),
        identity_files=tuple(options.get("identityfile", ())),
        identities_only=options.get("identitiesonly") == "yes",
        use_agent=options.get("identityagent") != "none",
        known_hosts=_known_hosts(options, ssh),
        host_key_alias=options.get("hostkeyalias", ""),
        forward_agent=ssh.forward_agent or options.get("forwardagent", "no") != "no",
        connect_timeout=_connect_timeout(options, ssh),
        proxy_command=None if jumps else options.get("proxycommand"),
        jumps=jumps,
    )


def _jumps(hops: str, ssh: Ssh, seen: tuple[str, ...]) -> tuple[Destination, ...]:
    """`a,b` means a first; only a's own ProxyJump counts, as with `ssh -J`."""
    first, *rest = [_parse_name(hop) for hop in hops.split(",")]
    nearest = _resolve(first, ssh, None, seen)
    others = [_resolve(name, ssh, "none", seen) for name in rest]
    return (*nearest.jumps, nearest, *others)


def _parse_name(text: str) -> _Name:
    text = text.strip().removeprefix("ssh://")
    user, _, place = text.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):  # a bare IPv6 address
        host, port = place, ""
    if not host or (port and not port.isdigit()):
        raise _usage(f"not a jump host: {text!r}", "write [user@]host[:port]")
    return _Name(host.strip("[]"), user or None, int(port) if port else None)


def _known_hosts(options: Mapping[str, str], ssh: Ssh) -> tuple[str, ...]:
    files = [
        *shlex.split(options.get("userknownhostsfile", _USER_KNOWN_HOSTS)),
        *ssh.known_hosts,
        *shlex.split(options.get("globalknownhostsfile", _GLOBAL_KNOWN_HOSTS)),
    ]
    return tuple(str(Path(name).expanduser()) for name in files if name != "none") or (
        str(Path("~/.ssh/known_hosts").expanduser()),
    )


def _connect_timeout(options: Mapping[str, str], ssh: Ssh) -> int:
    if "connect_timeout" in ssh.model_fields_set or "connecttimeout" not in options:
        return ssh.connect_timeout
    return int(options["connecttimeout"])


def _usage(message: str, hint: str) -> DeployError:
    return DeployError(message, hint=hint, exit_code=ExitCode.USAGE)
