"""A small receiver of logs, for Splunk's event collector and Elasticsearch's bulk interface."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.ports import free_port
from tests.render_targets.backends import QuietServer

WELL = b'{"took": 1, "errors": false, "items": []}'
ILL = b'{"error": {"type": "unavailable"}, "status": 503}'


class Server(QuietServer):
    """Knows its connections, which outlive it: who keeps one alive would not see it go."""

    connected: tuple[socket.socket, ...] = ()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connected = (*self.connected, request)
        super().process_request(request, client_address)


@dataclass
class Receiver:
    """Takes what is posted; away or ill when told so; judges nothing but JSON."""

    port: int = field(default_factory=free_port)
    is_well: bool = True
    posts: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    """Path, headers in lower case, and body of each request that it took."""
    refused: int = 0
    server: Server | None = None

    def start(self) -> Receiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if receiver.is_well:
                    headers = {key.lower(): value for key, value in self.headers.items()}
                    receiver.posts.append((self.path, headers, body))
                else:
                    receiver.refused += 1
                ill = 503 + receiver.refused % 2  # syslog-ng counts its tries after 504 only
                self.send_response(200 if receiver.is_well else ill)
                answer = WELL if receiver.is_well else ILL
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def do_GET(self) -> None:
                """rsyslog asks so whether Elasticsearch is there."""
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Nobody listens any more, and nobody answers on what was connected."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            for one in self.server.connected:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self.server = None

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What was posted, as the JSON objects that it is, one after the other."""
        return [one for _, _, body in self.posts for one in _objects(body)]


def _objects(body: str) -> Iterator[dict[str, Any]]:
    for line in body.splitlines():
        yield json.loads(line)
