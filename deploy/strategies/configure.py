"""Configuring: check what changed on every host, then install it batch by batch, and prove it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deploy.errors import DeployError
from deploy.facts.files import ConfigState, FileState, InstalledFile
from deploy.inventory.layout import Layout, layout_for
from deploy.inventory.models import Environment, Host
from deploy.plan import Batch, Context, HostSteps, Plan, Stage, Step
from deploy.render.commands import command_words, pidfile, trial_text
from deploy.render.programs import RenderedFile, RenderedProgram
from deploy.secrets import Masks
from deploy.shell import Argument, Secret, call
from deploy.steps import files as steps
from deploy.strategies.common import STAGE_WAIT
from deploy.strategies.rollout import batches

INSTALL_STAGE = "activate_files"
"""Waited for as an activation is (enter_stage); `--resume` takes it for no deploy's."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One file: as it is to be, as it is, and as it was installed last."""

    file: RenderedFile
    there: FileState
    installed: InstalledFile | None

    @property
    def is_changed(self) -> bool:
        """What is there is not what is to be."""
        wanted = self.file
        return not _matches(self.there, wanted.text.encode(), wanted.mode, wanted.owner)

    @property
    def is_hand_edited(self) -> bool:
        """Somebody changed what was installed, and not to what is to be."""
        last = self.installed
        if last is None or not self.is_changed:
            return False
        return not _matches(self.there, last.content, last.mode, last.owner)


@dataclass(frozen=True, slots=True)
class Part:
    """One host: its programs, what is there, and the secrets that its templates asked for."""

    host: Host
    programs: tuple[RenderedProgram, ...]
    state: ConfigState
    secrets: dict[str, Argument]

    @property
    def compared(self) -> list[Compared]:
        """Every file of the host."""
        return [self._compare(file) for one in self.programs for file in one.files]

    def changed(self, one: RenderedProgram) -> list[RenderedFile]:
        """The files of a program that are not as they are to be."""
        return [file for file in one.files if self._compare(file).is_changed]

    @property
    def changes(self) -> list[RenderedProgram]:
        """The programs that something changes for, or that were left before they were proved."""
        left = self.state.unproved
        return [one for one in self.programs if self.changed(one) or one.name in left]

    def _compare(self, file: RenderedFile) -> Compared:
        there = self.state.files.get(file.destination, FileState())
        return Compared(file, there, self.state.installed.get(file.destination))


@dataclass(frozen=True, slots=True)
class Files:
    """What goes live with a release: the hosts where something changes, by name."""

    parts: Mapping[str, Part] = field(default_factory=dict)
    masks: Masks = field(default_factory=Masks)

    def checks(self, environment: Environment, host: Host) -> tuple[Step, ...]:
        """Part of preparing that host; nothing where nothing changes."""
        part = self.parts.get(host.name)
        return check_steps(layout_for(environment, host), part, self.masks) if part else ()

    def installs(self, environment: Environment, host: Host) -> tuple[Step, ...]:
        """Part of activating it."""
        part = self.parts.get(host.name)
        return install_steps(part, armed=environment.strategy == "releases") if part else ()


def refuse_obstacles(parts: Sequence[Part]) -> None:
    """Raises DeployError with everything that no file may replace."""
    errors = [
        error
        for part in parts
        for compared in part.compared
        if (error := _obstacle(part.host, compared))
    ]
    if errors:
        errors[0].others = tuple(errors[1:])
        raise errors[0]


def plan_configure(environment: Environment, parts: Sequence[Part], run: str, masks: Masks) -> Plan:
    """Where one file of a program changes all are checked; only changed ones are installed."""
    concerned = [part for part in parts if part.changes]
    checks = tuple(_check(environment, part, run, masks) for part in concerned)
    groups = batches(concerned, environment.rollout.batches)
    installs = tuple(
        Batch(tuple(_install(environment, part, run) for part in group)) for group in groups
    )
    rollout = environment.rollout
    stages = (
        Stage("check", (Batch(checks),)),
        Stage("install", installs, pause=rollout.pause, max_failures=rollout.max_failures),
    )
    return Plan(environment.name, "configure", "", stages if concerned else ())


def _matches(there: FileState, content: bytes, mode: str, owner: str) -> bool:
    user, _, group = owner.partition(":")
    return (
        there.kind == "file"
        and (there.content, there.mode) == (content, mode)
        and user in ("", there.user)
        and group in ("", there.group)
    )


def _check(environment: Environment, part: Part, run: str, masks: Masks) -> HostSteps:
    layout = layout_for(environment, part.host)
    found = check_steps(layout, part, masks)
    return HostSteps(part.host.name, found, _context(part, layout, "prepare", run))


def check_steps(layout: Layout, part: Part, masks: Masks) -> tuple[Step, ...]:
    """All files of the programs that something changes for, staged and checked."""
    found: list[Step] = [steps.clear_stage()]
    for one in part.changes:
        staged = [_staged(layout, one, file, masks) for file in one.files]
        found.append(steps.stage_files(one.name, staged))
        if one.program.check:
            words = command_words(one, one.program.check, layout.config("trial"))
            found.append(steps.check_files(_subject(one), words))
    return tuple(found)


def _staged(
    layout: Layout, one: RenderedProgram, file: RenderedFile, masks: Masks
) -> steps.StagedFile:
    name = f"{file.destination} {masks.hash(file.text)}"
    trial = trial_text(file.text, one, layout.config("trial"))
    differs = trial != file.text
    return steps.StagedFile(
        file.destination,
        Secret(name, file.text),
        Secret(f"{name} for the check", trial) if differs else "",
    )


def _install(environment: Environment, part: Part, run: str) -> HostSteps:
    layout = layout_for(environment, part.host)
    return HostSteps(
        part.host.name, install_steps(part), _context(part, layout, INSTALL_STAGE, run)
    )


def install_steps(part: Part, *, armed: bool = False) -> tuple[Step, ...]:
    """What changed is installed, taken up and proved; `armed`, it goes back with its release."""
    found: list[Step] = []
    placed: list[steps.PlacedFile] = []
    for one in part.changes:
        changed = [
            steps.PlacedFile(file.destination, file.mode, file.owner) for file in part.changed(one)
        ]
        if armed:
            found.append(steps.arm_files(_subject(one), command_words(one, one.program.reload)))
        found += _take_up(one, changed)
        placed += changed
    found.append(steps.record_files(placed))
    return tuple(found)


def _take_up(one: RenderedProgram, changed: Sequence[steps.PlacedFile]) -> list[Step]:
    """Install, reload once, prove."""
    program, subject = one.program, _subject(one)
    reload = command_words(one, program.reload)
    found = [steps.install_files(subject, changed, reload)]
    if reload:
        found.append(steps.reload_program(subject, reload))
    if program.prove or program.pidfile:
        renews = program.renews if reload else "nothing"
        prove = command_words(one, program.prove)
        found.append(
            steps.prove_program(subject, program.prove_timeout, pidfile(one), renews, prove)
        )
    return found


def _subject(one: RenderedProgram) -> steps.Subject:
    return steps.Subject(one.name, one.program.sudo)


def _context(part: Part, layout: Layout, stage: str, run: str) -> Context:
    describe = steps.describe_config(layout, run)
    enter = call("enter_stage", layout.state, stage, run, STAGE_WAIT)
    settings = part.host.settings
    return Context(
        calls=(describe, enter),
        back=(describe, enter),
        path=(settings.node_bin,) if settings.node_bin else (),
        environment=part.secrets,
        stop=call("end_stage", layout.state, run),
    )


def _obstacle(host: Host, compared: Compared) -> DeployError | None:
    there, destination = compared.there, compared.file.destination
    if there.kind == "link":
        text = f"{destination} is a link to {there.link}"
        hint = "name the file itself as its destination, or remove the link"
    elif there.kind in ("directory", "other"):
        text = f"{destination} is no file but a {there.kind.replace('other', 'device or socket')}"
        hint = "name another destination, or move it out of the way"
    elif there.fault and compared.is_changed:
        text = f"{destination} cannot be installed: {there.fault}"
        hint = (
            "give the directory to the deploy user; or set sudo: true for the program, and let an"
            " administrator install the rules that invoke render writes"
        )
    else:
        return None
    return DeployError(text, host=host.name, step="inspect", hint=hint)
