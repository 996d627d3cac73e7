"""What an audit sees on a host, beside what a deploy asks."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from deploy.facts import Fact, table
from deploy.facts.nginx_text import Directive, parse_nginx
from deploy.inventory.layout import Layout, ReleasesLayout
from deploy.shell import Call, call

NGINX = ("/etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/sites-enabled/*")


@dataclass(frozen=True, slots=True)
class ConfigLine:
    """A line of the app's configuration."""

    file: str
    line: int
    text: str

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Mode:
    """Who may do what with a file."""

    kind: str
    """`public` or `env`."""
    path: str
    mode: int
    owner: str


@dataclass(frozen=True, slots=True)
class AuditState:
    """One host."""

    swap: int
    """Kilobytes of the app's processes."""
    is_link: bool
    """The app's directory is a symbolic link."""
    has_lockfile: bool
    log_size: int
    """Kilobytes."""
    modes: tuple[Mode, ...]
    environment: tuple[tuple[int, str, str], ...]
    """Process, variable, value: NODE_ENV, PROJECT_ROOT, ACTIONHERO_CONFIG."""
    missing_launchers: tuple[tuple[int, str], ...]
    """Processes whose script is not there any more."""
    listens: tuple[str, ...]
    """TCP addresses of the app's processes, `address:port`."""
    config: tuple[ConfigLine, ...]
    boot: tuple[str, ...]
    """Files that start the app at boot."""
    shippers: tuple[str, ...]
    """Programs that send logs elsewhere."""
    global_packages: tuple[str, ...]
    nginx: Directive
    """Empty where none is readable."""

    def variable(self, name: str) -> dict[int, str]:
        """Its value by process, where it is set."""
        return {pid: value for pid, key, value in self.environment if key == name}


def parse_audit(text: str) -> AuditState:
    """Parse the answer of `audit_state`."""
    rows = [row for row in table(text) if row != [""]]

    def of(kind: str) -> list[list[str]]:
        return [row[1:] for row in rows if row[0] == kind]

    nginx = b64decode(next((row[0] for row in of("nginx") if row), "")).decode(errors="replace")
    return AuditState(
        swap=int(of("swap")[0][0] or 0),
        is_link=["link"] in rows,
        has_lockfile=["lockfile"] in rows,
        log_size=int(of("log")[0][0] or 0),
        modes=tuple(Mode(kind, path, int(mode, 8), who) for kind, path, mode, who in of("mode")),
        environment=tuple((int(row[0]), row[1], row[2]) for row in of("environ")),
        missing_launchers=tuple((int(pid), path) for pid, path in of("launcher")),
        listens=tuple(read_address(row[0]) for row in of("listens")),
        config=tuple(ConfigLine(r[0], int(r[1]), " ".join(r[2:])) for r in of("config")),
        boot=tuple(row[0] for row in of("boot")),
        shippers=tuple(row[0] for row in of("shipper")),
        global_packages=tuple(row[0] for row in of("global")),
        nginx=parse_nginx(nginx),
    )


def read_address(text: str) -> str:
    """`0100007F:1F90` of /proc/net/tcp as `127.0.0.1:8080` (proc(5): words of the host's order)."""
    raw, _, port = text.partition(":")
    words = [bytes.fromhex(raw[at : at + 8])[::-1] for at in range(0, len(raw), 8)]
    return f"{ip_address(b''.join(words))}:{int(port, 16)}"


def audit_fact(nginx: Sequence[str]) -> Fact[AuditState]:
    """The question; `nginx` are the files of its configuration."""

    def ask(layout: Layout) -> Call:
        tree = layout.current if isinstance(layout, ReleasesLayout) else layout.app
        env_file = Layout(tree, layout.sockets_dir).env_file
        words = (layout.app, tree, layout.log, layout.public, env_file, *nginx)
        return call("audit_state", *words)

    return Fact("audit", ask, parse_audit)
