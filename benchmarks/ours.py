"""This tool's side of the one-stage benchmark, as a process of its own.

python -m benchmarks.ours SSH_CONFIG SCRIPT HOST...
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.inventory.models import Host, Settings, Ssh
from deploy.shell import loader_command
from deploy.transport.ssh import SshTransport

_HOST = Host(name="h", address="h", roles=("x",), runs_app=True, serves=True, settings=Settings())


def _stage(name: str, ssh: Ssh, script: bytes) -> bytes:
    transport = SshTransport(_HOST.model_copy(update={"name": name, "address": name}), ssh)
    transport.connect()
    channel = transport.open(loader_command(len(script)))
    channel.send(script)
    output = bytearray()
    while channel.exit_status is None:
        if (chunk := channel.receive(10)) and not chunk.is_error:
            output += chunk.data
    transport.close()
    return bytes(output)


def main(config: str, script: str, *names: str) -> None:
    """Run the stage on every host; print what each printed, and what it took after the imports."""
    wall, cpu = time.perf_counter(), time.process_time()
    ssh = Ssh(config=config)
    text = Path(script).read_bytes()
    with ThreadPoolExecutor(min(ssh.max_connects, len(names))) as pool:
        for output in pool.map(lambda name: _stage(name, ssh, text), names):
            sys.stdout.buffer.write(output)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.buffer.write(f"without start-up: {wall} s wall, {cpu} s cpu\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
