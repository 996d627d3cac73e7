"""What `configure` and `drift` show: each file that is not as it is to be, without its secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from difflib import unified_diff

from deploy import events
from deploy.secrets import Masks
from deploy.strategies.configure import Compared

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def compare(
    host: str, compared: Compared, masks: Masks, *, whole: bool, forced: bool = False
) -> events.FileCompared:
    """The event that tells of one file; without `whole` a person is told how many lines differ.

    What was changed by hand is compared with what was installed; all else, and with `forced` that
    as well, with what is to be.
    """
    file = compared.file
    edited = compared.is_hand_edited
    diff = _by_hand(compared, masks) if edited and not forced else _to_come(compared, masks)
    if edited:
        verdict = f"changed by hand since {_since(compared)}{', which goes' if forced else ''}"
    else:
        verdict = "changed" if compared.there.kind == "file" else "new"
        if verdict == "changed" and compared.installed is None:
            verdict = "changed, not installed by configure before:"
    is_shown = whole or edited
    if not is_shown:
        verdict = f"{verdict} {_count(diff)}".strip()
    return events.FileCompared(host, file.program, file.destination, verdict, diff, is_shown)


def _to_come(compared: Compared, masks: Masks) -> tuple[str, ...]:
    there, file = compared.there, compared.file
    old = there.content if there.kind == "file" else None
    owner = _owner(there.user, there.group, file.owner)
    lines = _diff(compared, masks, old, file.text.encode(), ("there", "to be"))
    if old is None:
        return lines
    return (*_attributes(there.mode, file.mode, owner, file.owner), *lines)


def _by_hand(compared: Compared, masks: Masks) -> tuple[str, ...]:
    there, last = compared.there, compared.installed
    assert last is not None  # noqa: S101  # only what was installed can be changed by hand
    if there.kind != "file":
        return ("- the file",)
    owner = _owner(there.user, there.group, last.owner)
    lines = _diff(compared, masks, last.content, there.content, ("installed", "there"))
    return (*_attributes(last.mode, there.mode, last.owner, owner), *lines)


def _diff(
    compared: Compared, masks: Masks, old: bytes | None, new: bytes, names: tuple[str, str]
) -> tuple[str, ...]:
    """Unified; a secret file is one line of hash each."""
    if compared.file.secret:
        lines = [f"-«secret {masks.hash(_text(old))}»"] if old is not None else []
        return (*lines, f"+«secret {masks.hash(_text(new))}»") if old != new else ()
    before, after = (_lines(masks.hide(_text(one))) for one in (old or b"", new))
    found = unified_diff(before, after, *names, lineterm="")
    return tuple(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", line) for line in found)


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", errors="replace")


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], f"{lines[-1]} (no newline at the end)"]


def _attributes(old_mode: str, mode: str, old_owner: str, owner: str) -> Iterator[str]:
    if old_mode != mode:
        yield from (f"-mode {old_mode}", f"+mode {mode}")
    if owner and old_owner and old_owner != owner:
        yield from (f"-owner {old_owner}", f"+owner {owner}")


def _owner(user: str, group: str, like: str) -> str:
    """As much of it as the inventory has a word on."""
    if not like:
        return ""
    return f"{user}:{group}" if ":" in like else user


def _since(compared: Compared) -> str:
    assert compared.installed is not None  # noqa: S101  # see _by_hand
    at = datetime.fromtimestamp(compared.installed.at, timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _count(diff: Sequence[str]) -> str:
    body = [line for line in diff if not line.startswith(("---", "+++", "@@"))]
    return " ".join(f"{mark}{sum(line[:1] == mark for line in body)}" for mark in "+-")
