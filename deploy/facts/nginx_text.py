"""The text of nginx's configuration as a tree of directives (nginx.org, Beginner's Guide)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_WORD = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};"'#]+""", re.DOTALL)


@dataclass(slots=True)
class Directive:
    """One directive, and what is in its braces."""

    words: list[str] = field(default_factory=list)
    inside: list[Directive] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its first word."""
        return self.words[0] if self.words else ""

    def find(self, *names: str) -> list[Directive]:
        """Those directly inside of these names."""
        return [one for one in self.inside if one.name in names]

    def walk(self) -> Iterator[Directive]:
        """All below, from the top."""
        for one in self.inside:
            yield one
            yield from one.walk()

    def all(self, *names: str) -> list[Directive]:
        """Those below of these names."""
        return [one for one in self.walk() if one.name in names]


def parse_nginx(text: str) -> Directive:
    """The whole text under one root; what is unbalanced ends where the text does."""
    root = Directive(["main"])
    path, words = [root], list[str]()
    for word in _WORD.findall(text):
        if word.startswith("#"):
            continue
        if word == "}":
            path = path[:-1] if len(path) > 1 else path
        elif word in ("{", ";"):
            one = Directive(words)
            words = []
            path[-1].inside.append(one)
            if word == "{":
                path.append(one)
        else:
            words.append(word.strip("\"'"))
    return root
