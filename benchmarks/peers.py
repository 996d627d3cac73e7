"""The other tools: their commands, and an environment of their own, made when first needed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from benchmarks.hosts import Fleet
from benchmarks.measure import Contestant
from deploy.shell import loader_command

_PACKAGES = ("ansible-core", "pyinfra", "fabric")
FLOOR = "ssh -oKexAlgorithms=curve25519-sha256 (floor)"
OURS = "actionhero-deploy"


def environment() -> Path:
    """The bin directory of the peers' virtual environment; makes it, which takes a minute."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    root = cache / "actionhero-deploy" / "peers"
    if not (root / "installed").exists():
        print(f"installing {', '.join(_PACKAGES)} into {root}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
        subprocess.run([str(root / "bin" / "pip"), "install", "-q", *_PACKAGES], check=True)
        (root / "installed").touch()
    return root / "bin"


def one_stage(fleet: Fleet, count: int, *, peers: bool) -> list[Contestant]:
    """Every contestant's way of running the stage on the first `count` hosts."""
    script, names = fleet.stage(), fleet.names(count)
    ours = (sys.executable, "-m", "benchmarks.ours", str(fleet.config), str(script), *names)
    found = [_xargs_ssh(fleet, script, names), Contestant(OURS, ours, {})]
    if peers:
        tools = environment()
        fabric = Path(__file__).with_name("fabric_group.py")
        command = (str(tools / "python"), str(fabric), str(fleet.config), str(script), *names)
        found += [
            Contestant("Fabric ThreadingGroup", command, {}),
            _pyinfra(fleet, tools, script, names),
            _ansible(fleet, tools, script, names),
        ]
    return found


def _xargs_ssh(fleet: Fleet, script: Path, names: list[str]) -> Contestant:
    """One ssh a host, each fed the script on standard input through the same loader."""
    remote = shlex.quote(loader_command(script.stat().st_size))
    each = f"exec ssh -F {fleet.config} -oKexAlgorithms=curve25519-sha256 $0 {remote} <{script}"
    hosts = fleet.directory / f"names-{len(names)}"
    hosts.write_text("\n".join(names) + "\n")
    command = ("xargs", "-a", str(hosts), "-P", str(len(names)), "-I{}", "sh", "-c", each, "{}")
    return Contestant(FLOOR, command, {})


def _pyinfra(fleet: Fleet, tools: Path, script: Path, names: list[str]) -> Contestant:
    inventory = fleet.directory / f"pyinfra_{len(names)}.py"
    data = {"ssh_config_file": str(fleet.config), "ssh_allow_agent": False}
    inventory.write_text(f"hosts = {[(name, data) for name in names]!r}\n")
    deploy = fleet.directory / "pyinfra_stage.py"
    deploy.write_text(
        "from pyinfra.operations import server\n"
        f"server.shell(commands=[open({str(script)!r}).read()])\n"
    )
    flags = ("-y", "-vvv", "--parallel", str(len(names)))
    return Contestant("pyinfra", (str(tools / "pyinfra"), str(inventory), str(deploy), *flags), {})


def _ansible(fleet: Fleet, tools: Path, script: Path, names: list[str]) -> Contestant:
    """`raw`: one ssh a host and no Python there, which is its fastest way."""
    inventory = fleet.directory / f"ansible_{len(names)}"
    inventory.write_text("\n".join(names) + "\n")
    command = (str(tools / "ansible"), "all", "-i", str(inventory), "-f", str(len(names)))
    settings = {
        # No master that outlives the run: the next round would find it connected.
        "ANSIBLE_SSH_ARGS": f"-F {fleet.config} -oKexAlgorithms=curve25519-sha256",
        "ANSIBLE_SSH_USETTY": "False",  # an unprivileged sshd has no terminals to give
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_HOME": str(fleet.directory / "ansible"),
    }
    return Contestant("ansible raw", (*command, "-m", "raw", "-a", script.read_text()), settings)
