"""Reports and log lines, however the bytes are cut."""

from __future__ import annotations

import json

import pytest

from deploy.transport import Chunk
from deploy.transport.wire import Decoder, Item, LogLine, Report

NONCE = "abc123"


def report(nonce: str = NONCE, **fields: str) -> bytes:
    data = {"nonce": nonce, "type": "noted", "step": "build", **fields}
    return b"\x1e" + json.dumps(data).encode() + b"\n"


def decode(chunks: list[tuple[bytes, bool]], size: int) -> list[Item]:
    decoder = Decoder(NONCE)
    items: list[Item] = []
    for data, is_error in chunks:
        for start in range(0, len(data), size):
            items += decoder.feed(Chunk(data[start : start + size], is_error))
    return [*items, *decoder.finish()]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_cut_of_the_bytes_does_not_matter(size: int) -> None:
    mark = b"\x1e" + NONCE.encode() + b" build\n"
    error = mark + b"half a line" + mark.replace(b"build", b"prove") + b"caf\xc3\xa9 \xff\nrest"
    items = decode([(report(text="a\nb"), False), (error, True)], size)
    assert items == [
        Report("noted", "build", {"text": "a\nb"}),
        LogLine("build", "half a line"),
        LogLine("prove", "café �"),
        LogLine("prove", "rest"),
    ]


@pytest.mark.parametrize(
    "forged",
    [
        report(nonce="wrong"),
        b'\x1e{"type":"ended"}\n',
        b"\x1e[1]\n",
        b"\x1e{\n",
        b'\x1e{"nonce":5,"type":"a","step":"b"}\n',
    ],
)
def test_a_report_without_the_nonce_is_a_log_line(forged: bytes) -> None:
    (item,) = decode([(forged, False)], 1000)
    assert isinstance(item, LogLine)


def test_junk_before_a_report_does_not_hide_it() -> None:
    (item,) = decode([(b"junk" + report(), False)], 1000)
    assert isinstance(item, Report)
