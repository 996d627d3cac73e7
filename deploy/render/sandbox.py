"""A copy of an nginx.conf that `nginx -t` can read anywhere, by anybody, touching nothing.

Only values are replaced, never lines, so a line number in nginx's message is the original's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

FIRST_PORT = 20080
"""Ports that stand for the real ones; `nginx -t` does not mind when they are taken."""

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
      | (?P<mark>[;{}])
      | (?P<word>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | (?:\\.|\$\{[^}]*\}|[^\s;{}\\])+)""",
    re.VERBOSE | re.DOTALL,
)
_TEMPORARY = re.compile(r"(client_body|proxy|fastcgi|uwsgi|scgi)_temp_path")
_KEPT_TARGETS = ("off", "stderr", "syslog:")


@dataclass(frozen=True, slots=True)
class Word:
    """One parameter of a directive, and where it stands in the text."""

    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Sandbox:
    """What stands for what; the same real address always gets the same stand-in."""

    root: Path
    listens: dict[str, str] = field(default_factory=dict)

    def listen(self, address: str) -> str:
        port = FIRST_PORT + len(self.listens)
        return self.listens.setdefault(address, f"127.0.0.1:{port}")


def sandboxed(text: str, root: Path) -> str:
    """`text` with addresses, pidfile, logs, temporary paths, user and certificates replaced.

    Everything that nginx opens lies under `root` then; see `make_certificate`.
    """
    box = _Sandbox(root)
    edits = [edit for words in directives(text) for edit in _edits(words, box)]
    for start, end, replacement in reversed(edits):
        text = text[:start] + replacement + text[end:]
    return text


def directives(text: str) -> Iterator[list[Word]]:
    """Every directive and block of an nginx.conf, as its words; blocks are not nested."""
    words: list[Word] = []
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "word":
            words.append(Word(token[0], token.start(), token.end()))
        elif token.lastgroup == "mark":
            if words:
                yield words
            words = []


def make_certificate(root: Path) -> None:
    """A throwaway key and certificate, `root`/certificate.pem and key.pem, valid for a day."""
    from cryptography import x509  # slow to import, and needed by --check alone
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "throwaway")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (root / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (root / "key.pem").touch(mode=0o600)
    (root / "key.pem").write_bytes(private)


def _edits(words: list[Word], box: _Sandbox) -> list[tuple[int, int, str]]:
    """Start, end and new text, in ascending order."""
    name, values = words[0].text, words[1:]
    if name == "user":
        return [(words[0].start, values[-1].end, "# user")] if values else []
    if not values:
        return []
    first = values[0]
    replacement = _replacement(name, first.text.strip("\"'"), box)
    edits = [] if replacement is None else [(first.start, first.end, replacement)]
    if name == "listen":
        edits += [(v.start, v.end, "") for v in values[1:] if v.text.startswith("ipv6only=")]
    return edits


def _replacement(name: str, value: str, box: _Sandbox) -> str | None:
    if name == "listen":
        return box.listen(value)
    if name == "pid":
        return f'"{box.root}/nginx.pid"'
    if name in ("error_log", "access_log"):
        return None if value.startswith(_KEPT_TARGETS) else f'"{box.root}/{name}"'
    if name == "proxy_cache_path" or _TEMPORARY.fullmatch(name):
        return f'"{box.root}/{name}"'
    if name in ("ssl_certificate", "ssl_trusted_certificate", "ssl_client_certificate"):
        return f'"{box.root}/certificate.pem"'
    if name == "ssl_certificate_key":
        return f'"{box.root}/key.pem"'
    return None
