"""A host with a systemd of its own: boots, reboots, loses power; for what a loopback cannot show.

Made from this machine's own tree by systemd-nspawn, which needs root. Mounts and processes end
with the process that made them, however it ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.lab.accounts import Account, program
from tests.lab.processes import find, wait_until

_HOLD = """\
set -e
disk=$1 files=$2 tree=$3
mount -t tmpfs -o size=2g,mode=0755 disk "$disk"
mkdir "$disk/work"
cp -a "$files" "$disk/upper"
mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" tree "$tree"
rm -rf "$tree/etc/systemd/system/multi-user.target.wants" # what is enabled from here on starts
rm -rf "$tree/usr/lib/systemd/system/multi-user.target.wants"
echo mounted
exec cat
"""
_REBOOTED = 133
"""What systemd-nspawn exits with when its machine rebooted (its source: EXIT_FORCE_RESTART)."""
_HALT, _REBOOT = signal.SIGRTMIN + 3, signal.SIGRTMIN + 5
"""What systemd does on these (systemd(1), SIGNALS)."""

_TARGET = """\
[Unit]
Description=What a machine of the lab runs, and nothing of what its model has enabled
Requires=basic.target network-lab.service
Wants={wants}
AllowIsolate=yes
"""
_NETWORK = """\
[Unit]
DefaultDependencies=no
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={ip} address replace {address}/30 dev host0
ExecStart={ip} link set host0 up
"""


@dataclass(frozen=True, slots=True)
class Link:
    """The two ends of a machine's only cable: its own address, and this machine's."""

    subnet: int

    @property
    def inside(self) -> str:
        """The machine's address."""
        return f"10.213.{self.subnet}.2"

    @property
    def outside(self) -> str:
        """The address under which the machine sees this one."""
        return f"10.213.{self.subnet}.1"


class Machine:
    """One machine. Made without touching anything; `up` boots it.

    Files that `write` puts there before `up` lie over this machine's own tree.
    """

    def __init__(self, root: Path, subnet: int, services: Sequence[str]) -> None:
        self.root = root
        self.name = f"ahm{subnet}"
        self.link = Link(subnet)
        self._services = services
        self._holder: subprocess.Popen[str] | None = None
        self._nspawn: subprocess.Popen[bytes] | None = None

    def write(self, path: str, text: str, owner: Account | None = None, mode: int = 0o644) -> None:
        """A file of the machine; its parents are made, the innermost is the owner's, too."""
        file = Path(f"{self._files}{path}")
        file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        if owner:
            owner.give(file, file.parent)

    def up(self, shared: Sequence[Path] = ()) -> None:
        """Boot, with the directories `shared` to be read at the same place in the machine."""
        self._write_system()
        self._mount()
        self._shared = shared
        self._boot()

    def down(self) -> None:
        """Power off in order, and take everything away."""
        try:
            if not self._ended():
                self._tell(_HALT)
                self._wait_for_end()
        finally:
            self._end_processes()
            shutil.rmtree(self.root, ignore_errors=True)

    def reboot(self) -> None:
        """The machine reboots in order: every unit is stopped. Raises RuntimeError."""
        self._tell(_REBOOT)
        if self._wait_for_end() != _REBOOTED:
            raise RuntimeError(f"{self.name} did not reboot: {self.console}")
        self._boot()

    def cut_power(self) -> None:
        """The machine stops at once, and boots again: nothing was told to stop."""
        self._tell(signal.SIGKILL)
        self._wait_for_end()
        self._boot()

    def run(self, *command: str) -> str:
        """The output of a command that root runs in the machine. Raises CalledProcessError."""
        enter = ("nsenter", "--all", f"--target={self._init()}", "--", *command)
        return subprocess.run(
            enter, check=True, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        ).stdout

    @property
    def console(self) -> str:
        """The last that the machine said."""
        return (self.root / "console").read_text(errors="replace")[-2000:]

    @property
    def _files(self) -> Path:
        return self.root / "files"

    def _write_system(self) -> None:
        wants = " ".join(self._services)
        self.write("/etc/systemd/system/multi-user.target", _TARGET.format(wants=wants))
        network = _NETWORK.format(ip=program("ip"), address=self.link.inside)
        self.write("/etc/systemd/system/network-lab.service", network)
        self.write("/etc/hostname", f"{self.name}\n")
        self.write("/etc/hosts", f"127.0.0.1 localhost\n{self.link.inside} {self.name}\n")
        self.write("/etc/resolv.conf", "# no name is asked for outside: each would take 5 s\n")
        self.write("/etc/machine-id", f"{uuid4().hex}\n", mode=0o444)

    def _mount(self) -> None:
        """The disk and the tree, in a mount namespace that lives as long as its holder."""
        disk, tree = self.root / "disk", self.root / "tree"
        for directory in (disk, tree):
            directory.mkdir(parents=True)
        words = ["unshare", "--mount", "--propagation=private", "sh", "-c", _HOLD, "sh"]
        self._holder = subprocess.Popen(
            [*words, str(disk), str(self._files), str(tree)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "mounted\n":
            raise RuntimeError(f"{self.name}: its disk cannot be mounted")

    def _boot(self) -> None:
        assert self._holder is not None
        binds = [f"--bind-ro={path}" for path in self._shared]
        with (self.root / "console").open("ab") as console:
            self._nspawn = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig=TERM"),  # when this process is killed: power off
                    *("nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt"),
                    *(program("systemd-nspawn"), "--boot", "--quiet", "--console=pipe"),
                    *(f"--directory={self.root / 'tree'}", f"--machine={self.name}"),
                    *("--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off"),
                    *("--network-veth", *binds, "systemd.unit=multi-user.target"),
                    "systemd.mask=timers.target",
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._connect()

    def _connect(self) -> None:
        """Give our end of the cable its address; it is a new one at each boot."""
        cable = f"ve-{self.name}"
        wait_until(lambda: self._ended() or Path(f"/sys/class/net/{cable}").exists(), cable)
        if self._ended():
            raise RuntimeError(f"{self.name} does not boot: {self.console}")
        address = f"{self.link.outside}/30"
        subprocess.run(["ip", "address", "replace", address, "dev", cable], check=True)
        subprocess.run(["ip", "link", "set", cable, "up"], check=True)

    def _init(self) -> int | None:
        """The machine's process 1, as seen from here; None while it starts, and at its end."""
        assert self._nspawn is not None
        pid = self._nspawn.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return None
        found = (find(int(child)) for child in children)
        return next((p.pid for p in found if p and "systemd-nspawn" not in p.line), None)

    def _tell(self, number: int) -> None:
        """Signal process 1, once it is there."""
        wait_until(lambda: self._ended() or self._init() is not None, f"{self.name}'s process 1")
        init = self._init()
        if init is None:
            raise RuntimeError(f"{self.name} has ended: {self.console}")
        os.kill(init, number)

    def _ended(self) -> bool:
        return self._nspawn is None or self._nspawn.poll() is not None

    def _wait_for_end(self) -> int:
        assert self._nspawn is not None
        return self._nspawn.wait(timeout=40)

    def _end_processes(self) -> None:
        if self._nspawn:
            self._nspawn.kill()
            self._nspawn.wait()
        if self._holder:
            self._holder.communicate("")
        for made in ("propagate", "unix-export"):
            with suppress(OSError):  # what systemd-nspawn leaves when its machine lost power
                Path("/run/systemd/nspawn", made, self.name).rmdir()
