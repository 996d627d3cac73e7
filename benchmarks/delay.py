"""A TCP proxy that delivers every byte late, to count round trips where the kernel has no netem.

python -m benchmarks.delay LISTEN_PORT HOST PORT SECONDS
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class DelayProxy:
    """Forwards connections to `host:port`; each direction lags by `seconds`."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._target = host, port
        self._seconds = seconds
        self._server: asyncio.Server | None = None

    async def start(self, address: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._forward, address, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The kernel answers a TCP handshake before the proxy knows: its round trip is paid here.
        await asyncio.sleep(2 * self._seconds)
        there, back = await asyncio.open_connection(*self._target)
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Each piece `seconds` after it came, in order, however many are under way."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await pieces.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    break
                sink.write(data)
            sink.close()

        delivery = asyncio.create_task(deliver())
        try:
            while data := await source.read(1 << 16):
                pieces.put_nowait((loop.time() + self._seconds, data))
        except ConnectionError:
            pass
        pieces.put_nowait((loop.time() + self._seconds, b""))
        await delivery


async def _serve(host: str, port: int, seconds: float) -> None:
    print(await DelayProxy(host, port, seconds).start(), flush=True)
    await asyncio.Event().wait()


@contextmanager
def delayed(host: str, port: int, seconds: float) -> Iterator[int]:
    """The port of a proxy to `host:port`, a process of its own, for the length of the block."""
    command = [sys.executable, "-m", "benchmarks.delay", host, str(port), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else "")
        finally:
            process.kill()


if __name__ == "__main__":
    _host, _port, _seconds = sys.argv[1:]
    asyncio.run(_serve(_host, int(_port), float(_seconds)))
