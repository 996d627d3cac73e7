"""What is asked of a host: a fact is a remote verb and a pure parser of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from deploy.errors import DeployError
from deploy.inventory.layout import Layout
from deploy.shell import Call, Line

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the verb of a fact printed, and its exit status."""

    text: str
    code: int


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """One question: `call` for a host's layout, `parse` for what the verb printed."""

    name: str
    call: Callable[[Layout], Call]
    parse: Callable[[str], T]

    def line(self, layout: Layout) -> Line:
        """The question as a line of a script."""
        return Line(self.name, self.call(layout), is_fact=True)

    def read(self, host: str, answers: Mapping[str, Answer]) -> T:
        """The value on `host`. Raises DeployError when the verb failed or was not asked."""
        answer = answers.get(self.name)
        if answer is None or answer.code != 0:
            said = f": {answer.text}" if answer and answer.text else ""
            raise DeployError(
                f"the host could not tell{said}",
                host=host,
                step=self.name,
                hint="log in and try the same by hand; `invoke check` shows what is missing",
            )
        return self.parse(answer.text)


def table(text: str) -> list[list[str]]:
    """Lines of tab-separated values."""
    return [line.split("\t") for line in text.splitlines() if line]
