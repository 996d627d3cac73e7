"""`invoke`, forked from a process that has imported everything: tests start hundreds of them, and
each would spend more on imports than on its task. What starts up for real is tested elsewhere.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import itertools
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

import coverage

PROJECT = Path(__file__).parents[2]
_LARGEST = 1 << 17
"""Bytes that the words and the environment of one start may take."""
_TRACED = 5
"""One of so many is traced for the coverage, which doubles what it costs."""
_COVERAGE = "COVERAGE_PROCESS_CONFIG"
"""Set where the coverage is taken: how a further process joins (coverage's patch "subprocess")."""
_number = itertools.count()


class Spawned:
    """A forked `invoke`, in a session of its own, with the interface of subprocess.Popen.

    Its errors go to the file `errors`, or where its output goes.
    """

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path = PROJECT,
        errors: IO[str] | None = None,
    ) -> None:
        variables = {**environment}
        if next(_number) % _TRACED:
            variables.pop(_COVERAGE, None)
        asked = json.dumps([list(words), variables, str(cwd)]).encode()
        reading, writing = os.pipe()
        self._monitor, theirs = socket.socketpair()
        apart = errors.fileno() if errors else writing
        with theirs, _lock:
            socket.send_fds(_zygote(), [asked], [writing, apart, theirs.fileno()])
        os.close(writing)
        self.stdout = os.fdopen(reading)
        self._told = self._monitor.makefile()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, as subprocess tells it; None while it runs."""
        if self.returncode is None:
            self._monitor.setblocking(False)
            with suppress(BlockingIOError):
                self._monitor.recv(1, socket.MSG_PEEK)
                self._monitor.setblocking(True)
                return self.wait()
            self._monitor.setblocking(True)
        return self.returncode

    def wait(self) -> int:
        """Its exit code, once it ended."""
        if self.returncode is None:
            self.returncode = int(self._told.readline())
            self._told.close()
            self._monitor.close()
        return self.returncode

    def communicate(self, timeout: float = 120) -> tuple[str, None]:
        """All it says until it ends; it is killed after so many seconds."""
        limit = threading.Timer(timeout, self.kill)
        limit.start()
        with self.stdout:
            text = self.stdout.read()
        self.wait()
        limit.cancel()
        return text, None

    def send_signal(self, number: int) -> None:
        """Signal it. Its number is not given to another before its end was told here."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, which nothing outlives."""
        self.send_signal(signal.SIGKILL)


def run(
    words: Sequence[str], environment: Mapping[str, str], cwd: Path, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, with its errors apart."""
    with TemporaryFile("w+") as errors:
        running = Spawned(words, environment, cwd, errors)
        output, _ = running.communicate(seconds)
        errors.seek(0)
        return subprocess.CompletedProcess(list(words), running.wait(), output, errors.read())


_lock = threading.Lock()
_started: list[socket.socket] = []


def _zygote() -> socket.socket:
    """The connection to the process that forks; it is started once, and ends with this one."""
    if not _started:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                cwd=PROJECT,
                env={name: value for name, value in os.environ.items() if name != _COVERAGE},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        _started.append(ours)
        atexit.register(_end, process, ours)
    return _started[0]


def _end(process: subprocess.Popen[bytes], ours: socket.socket) -> None:
    ours.close()
    process.wait()


def serve(connection: socket.socket) -> None:
    """Fork for each start that is asked for, until the other end closes."""
    load_everything()
    gc.collect()
    gc.freeze()  # a collection in a fork would copy every page of what is shared
    while True:
        asked, descriptors, _, _ = socket.recv_fds(connection, _LARGEST, 3)
        if not asked:
            return
        if os.fork() == 0:
            connection.close()
            monitor(*json.loads(asked), *descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def load_everything() -> None:
    """What any task imports, and the models of the inventory, which are built when first used."""
    import deploy
    from deploy.inventory import load_environment

    for module in pkgutil.walk_packages(deploy.__path__, "deploy."):
        importlib.import_module(module.name)
    for late in ("invoke.main", "git"):  # imported when they are needed, elsewhere
        importlib.import_module(late)
    load_environment("lab", PROJECT / "inventory")


def monitor(
    words: list[str], environment: dict[str, str], cwd: str, output: int, errors: int, told: int
) -> None:
    """Fork the one that runs; tell its pid, then its end. It is not reaped before that was read."""
    pid = os.fork()
    if pid == 0:
        os.close(told)
        os.chdir(cwd)
        become(words, environment, output, errors)
        return
    os.close(output)
    os.close(errors)
    with socket.socket(fileno=told) as other:
        other.sendall(f"{pid}\n".encode())
        ended: Any = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        with suppress(OSError):
            other.sendall(f"{code}\n".encode())
            other.recv(1)
    os._exit(0)


def become(words: list[str], environment: dict[str, str], output: int, errors: int) -> None:
    """Be the command line, to its end."""
    from invoke.main import program

    os.setsid()
    for theirs, ours in ((output, 1), (errors, 2)):
        os.dup2(theirs, ours)
        os.close(theirs)
    os.environ.clear()
    os.environ.update(environment)
    coverage.process_startup()
    code: Any = 0
    try:
        program.run(["invoke", *words])
    except SystemExit as ended:
        code = ended.code or 0
    leave(code if isinstance(code, int) else 1)


def leave(code: int) -> NoReturn:
    """End as the interpreter does, but without taking apart what is shared with the parent."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
