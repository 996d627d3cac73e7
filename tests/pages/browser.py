"""A real Chromium without a window, by its DevTools protocol: pages as people see them."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.sync.client import ClientConnection, connect

SECONDS = 60
"""The longest wait for an answer: a machine can be busy."""
DESKTOP, TELEPHONE = 1104, 390
"""Widths in CSS pixels."""
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root has none; the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)


class Page:
    """One tab. What it logs and asks of the network is kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._is_loaded = False
        self.errors: list[str] = []
        """Errors and warnings of the console, exceptions, violations of its policy."""
        self.requests: list[str] = []
        """URLs that were asked for, but the page itself."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def open(self, file: Path, width: int = DESKTOP, *, dark: bool = False) -> None:
        """Load a file as a desktop or a telephone would, and wait until it stands."""
        self.errors.clear()
        self.requests.clear()
        self._emulate(width, 900, dark=dark)
        self._is_loaded = False
        url = file.resolve().as_uri()
        self.ask("Page.navigate", url=url)
        while not self._is_loaded:
            self._take()
        self.run("document.fonts.ready.then(() => 1)")
        self.requests = [one for one in self.requests if one != url]

    def run(self, expression: str) -> Any:
        """The value of JavaScript in the page. Raises RuntimeError with what it throws."""
        said = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in said:
            raise RuntimeError(str(said["exceptionDetails"]))
        return said["result"].get("value")

    def picture(self, file: Path, *, height: int = 0, scale: float = 1) -> None:
        """The page as PNG, whole or its first `height` pixels."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"]}
        said = self.ask(
            "Page.captureScreenshot", captureBeyondViewport=True, clip={**clip, "scale": scale}
        )
        file.write_bytes(base64.b64decode(said["data"]))

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command; events that come meanwhile are kept."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            said = self._take()
            if said.get("id") == self._number:
                if "error" in said:
                    raise RuntimeError(f"{method}: {said['error']}")
                found: dict[str, Any] = said["result"]
                return found

    def _emulate(self, width: int, height: int, *, dark: bool) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width <= TELEPHONE,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def _take(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._socket.recv(SECONDS))
        about = said.get("params", {})
        if said.get("method") == "Page.loadEventFired":
            self._is_loaded = True
        elif said.get("method") == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif said.get("method") == "Log.entryAdded":
            self.errors.append(about["entry"]["text"])
        elif said.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(about["exceptionDetails"]))
        elif said.get("method") == "Runtime.consoleAPICalled":
            self.errors.append(str(about["args"]))
        return said


@contextmanager
def browser() -> Iterator[Page]:
    """Chromium with one tab, gone at the end with all that it started."""
    with TemporaryDirectory(prefix="ahchrome") as profile:
        process = subprocess.Popen(
            ["chromium", *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            with connect(_tab(_address(process)), max_size=None) as socket:
                yield Page(socket)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    """Where it listens: it says so on standard error."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("DevTools listening on "):
            return line.split()[-1]
    raise RuntimeError("chromium ended before it listened")


def _tab(address: str) -> str:
    """The address of its first tab."""
    with connect(address) as socket:
        socket.send(json.dumps({"id": 1, "method": "Target.getTargets", "params": {}}))
        said = json.loads(socket.recv(SECONDS))
    pages = [one for one in said["result"]["targetInfos"] if one["type"] == "page"]
    return f"{address.split('/devtools/')[0]}/devtools/page/{pages[0]['targetId']}"
