"""Steps that stage, check, install and prove the files of programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.inventory.layout import Layout
from deploy.plan import Step
from deploy.shell import Argument, Call, Secret, call

COMMAND_SECONDS = 60
"""Seconds that a check or a reload may take."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The program that a step is about."""

    name: str
    sudo: bool

    @property
    def words(self) -> tuple[str, str]:
        """What every verb is told of it."""
        return self.name, "yes" if self.sudo else "no"


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file's texts, as arguments that do not show."""

    destination: str
    text: Secret
    trial: Argument
    """The text whose paths lead into the trial tree; empty where it is the same."""


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """Where a staged file goes, and how."""

    destination: str
    mode: str
    owner: str

    @property
    def words(self) -> tuple[str, str, str]:
        """As a verb takes it."""
        return self.destination, self.mode, self.owner or "-"


def describe_config(layout: Layout, run: str = "") -> Call:
    """What the verbs of a script speak of; scripts that only look have no run."""
    return call("describe_config", layout.state, run)


def await_files(layout: Layout, seconds: int) -> Call:
    """Before anything is read: no former run still changes it."""
    return call("await_files", layout.state, seconds)


def clear_stage() -> Step:
    """Begin with an empty stage."""
    return Step("clear_stage", "clear the stage", call("clear_stage"))


def stage_files(name: str, files: Sequence[StagedFile]) -> Step:
    """All files of a program, beside the live ones."""
    words: list[Argument] = [name]
    for file in files:
        words += [file.destination, file.text, file.trial]
    return Step(f"stage_{name}", f"stage the files of {name}", call("stage_files", *words))


def check_files(subject: Subject, command: Sequence[str]) -> Step:
    """Let the program say whether the staged files are right."""
    one = call("check_files", *subject.words, COMMAND_SECONDS, *command)
    return Step(f"check_{subject.name}", f"let {subject.name} check its files", one)


def install_files(subject: Subject, files: Sequence[PlacedFile], reload: Sequence[str]) -> Step:
    """Replace what changed; the way back puts the old ones there, and lets them be read again."""
    words = [word for file in files for word in file.words]
    return Step(
        f"install_{subject.name}",
        f"install the files of {subject.name}",
        call("install_files", *subject.words, *words),
        undo=call("restore_files", *subject.words, COMMAND_SECONDS, *reload),
    )


def arm_files(subject: Subject, reload: Sequence[str]) -> Step:
    """Whoever returns the release puts them back as well, without being told how."""
    one = call("arm_files", *subject.words, COMMAND_SECONDS, *reload)
    return Step(f"arm_{subject.name}", f"the release takes {subject.name} back with it", one)


def reload_program(subject: Subject, reload: Sequence[str]) -> Step:
    """Let the program read its files."""
    one = call("reload_program", *subject.words, COMMAND_SECONDS, *reload)
    return Step(f"reload_{subject.name}", f"reload {subject.name}", one)


def prove_program(
    subject: Subject, seconds: int, pidfile: str, renews: str, command: Sequence[str]
) -> Step:
    """It runs, is as young as the reload where that tells, and answers."""
    one = call("prove_program", *subject.words, seconds, pidfile, renews, *command)
    return Step(f"prove_{subject.name}", f"prove that {subject.name} took them up", one)


def record_files(files: Sequence[PlacedFile]) -> Step:
    """Write down what is installed from now on."""
    words = [word for file in files for word in file.words]
    return Step(
        "record_files",
        "write down what is installed",
        call("record_files", *words),
        undo=call("forget_files"),
    )
