"""Two small web servers that say their names, and may be told to be ill."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietServer(ThreadingHTTPServer):
    """Says nothing when a client goes away, as health checks do."""

    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None: ...


@dataclass
class Backend:
    """One web server: answers every path with its name, the health check as it feels."""

    name: str
    is_well: bool = True
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers of each request, in lower case, health checks included."""
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = {key.lower(): value for key, value in self.headers.items()}
                backend.asked.append((self.path, headers))
                body = backend.name.encode()
                is_check = self.path == "/api/status"
                self.send_response(500 if is_check and not backend.is_well else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None: ...

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def get(
    port: int, path: str = "/", headers: dict[str, str] | None = None
) -> tuple[int, str, HTTPResponse]:
    """Status, body and response of one request, on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode(), response
    finally:
        connection.close()
