"""The files of hosts' programs: rendered here, compared with what is there, shown and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from deploy import events
from deploy.app import Flags
from deploy.app.comparing import compare
from deploy.app.target import find_target
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import raise_first
from deploy.facts import Fact
from deploy.facts.files import ConfigState, config_fact
from deploy.facts.host import HostFacts
from deploy.inventory import Environment, Host
from deploy.inventory.models import Program
from deploy.render.programs import RenderedProgram, Secrets, render_programs
from deploy.secrets import Masks, read_secret
from deploy.session import Session
from deploy.shell import Argument, Secret
from deploy.strategies.common import deployed_programs
from deploy.strategies.configure import Compared, Files, Part, refuse_obstacles


@dataclass(frozen=True, slots=True)
class Rendered:
    """One host's programs, and the secrets that went into them."""

    host: Host
    programs: tuple[RenderedProgram, ...]
    secrets: dict[str, str]

    @property
    def question(self) -> Fact[ConfigState]:
        """What is there now."""
        files = [(file, one.program.sudo) for one in self.programs for file in one.files]
        return config_fact([(file.destination, sudo) for file, sudo in files])


def render_hosts(
    environment: Environment, hosts: Sequence[Host], names: Sequence[str] = ()
) -> list[Rendered]:
    """Every host that has programs (of these names, if any), rendered; no secret of others is read.

    Raises DeployError with the faults of all hosts, and for a name that no host has.
    """
    _refuse_unknown(hosts, names)
    found = _render(
        environment, hosts, _major(environment, hosts), wanted=lambda n, _: not names or n in names
    )
    if not found:
        raise DeployError(
            f"no host of {environment.name} has programs",
            hint="name one, for example `programs: {nginx: {}}`; docs/configure.md",
            exit_code=ExitCode.USAGE,
        )
    return found


def _refuse_unknown(hosts: Sequence[Host], names: Sequence[str]) -> None:
    """Raises DeployError for a name of none of their programs."""
    known = {name for one in hosts for name, each in one.settings.programs.items() if each.enabled}
    if unknown := sorted(set(names) - known):
        raise DeployError(
            f"no host has a program {unknown[0]!r}; there are: {', '.join(sorted(known))}",
            step="render",
            hint="name it under `programs` in the inventory, or take another",
            exit_code=ExitCode.USAGE,
        )


def release_files(
    environment: Environment,
    hosts: Iterable[Host],
    version: str,
    secrets: Mapping[str, Mapping[str, Argument]],
) -> dict[str, Rendered]:
    """By host, what goes live with a release; `version` is ActionHero's, as far as it is known.

    Hosts whose programs have no part in a deploy are not among them. Raises DeployError.
    """
    concerned = [host for host in hosts if deployed_programs(host)]
    major = int(version.split(".")[0]) if version else None

    def read(host: Host, name: str) -> str:
        value = secrets[host.name][name]
        return value.value if isinstance(value, Secret) else value

    found = _render(environment, concerned, major, read, lambda _, program: program.with_deploy)
    return {one.host.name: one for one in found}


def compare_files(
    session: Session,
    rendered: Mapping[str, Rendered],
    facts: Mapping[str, HostFacts],
    flags: Flags,
) -> Files:
    """What is to be installed with the release, told; empty where nothing asks for it.

    Raises DeployError where a file is in the way, or was changed by hand.
    """
    states = {name: facts[name].config for name in rendered if name in facts}
    parts = [part_of(rendered[name], state) for name, state in states.items() if state]
    masks = masks_of([*rendered.values()])
    refuse_obstacles(parts)
    edited = show(session, parts, masks, whole=flags.dry_run, forced=flags.force, gone=False)
    judge_edited(session, edited, flags)
    return Files({part.host.name: part for part in parts if part.changes}, masks)


def _read_source(host: Host, name: str) -> str:
    return read_secret(name, host.settings.secrets[name])


def _render(
    environment: Environment,
    hosts: Iterable[Host],
    major: int | None,
    read: Callable[[Host, str], str] = _read_source,
    wanted: Callable[[str, Program], bool] = lambda _name, _program: True,
) -> list[Rendered]:
    found, errors = [], []
    for host in hosts:
        secrets = Secrets(host.settings.secrets, partial(read, host))
        try:
            programs = render_programs(environment, host, secrets, major=major, wanted=wanted)
        except DeployError as error:
            errors.append(error)
            continue
        if programs:
            found.append(Rendered(host, programs, secrets.values))
    raise_first(errors)
    return found


_NEED_MAJOR = {"nginx", "nginx_site"}
"""Programs whose files name the sockets of the app, which its version tells."""


def masks_of(rendered: Sequence[Rendered]) -> Masks:
    """What hides the secrets that went into them."""
    masks = Masks()
    for one in rendered:
        masks.add(one.secrets)
    return masks


def _major(environment: Environment, hosts: Sequence[Host]) -> int | None:
    """ActionHero's, from the lockfile, where nginx has to know it and the inventory is silent."""
    wanted = any(host.serves and _NEED_MAJOR & set(host.settings.programs) for host in hosts)
    app = environment.app
    if not wanted or app.actionhero or app.process_model != "auto":
        return None
    version = find_target(environment, "").version
    return int(version.split(".")[0]) if version else None


def part_of(one: Rendered, state: ConfigState) -> Part:
    """The host's part, with what is there."""
    secrets = {name: Secret(name, value) for name, value in one.secrets.items()}
    return Part(one.host, one.programs, state, dict(secrets))


def show(
    session: Session,
    parts: Sequence[Part],
    masks: Masks,
    *,
    whole: bool,
    forced: bool = False,
    gone: bool = True,
) -> list[tuple[Host, Compared]]:
    """Tell of every file that differs, and with `gone` of those that nobody wants any more.

    Returns the ones that somebody changed by hand, which go where that is `forced`.
    """
    edited = []
    for part in parts:
        for compared in part.compared:
            if compared.is_changed:
                told = compare(part.host.name, compared, masks, whole=whole, forced=forced)
                session.emit(told)
            if compared.is_hand_edited:
                edited.append((part.host, compared))
        for left in part.state.unproved:
            text = f"a run was cut off before {left} had taken up its files; configure ends that"
            session.emit(events.Warned(part.host.name, "inspect", text))
        left_over = part.state.installed.keys() - part.state.files.keys() if gone else ()
        for path in sorted(left_over):
            text = f"{path} was installed and is not in the inventory any more; it is left alone"
            session.emit(events.Warned(part.host.name, "inspect", text))
    return edited


def judge_edited(session: Session, edited: Sequence[tuple[Host, Compared]], flags: Flags) -> None:
    """Raises DeployError: what somebody changed by hand had a reason, until somebody says no."""
    if flags.force:
        return
    hint = "take the change into the inventory or the template; --force throws it away"
    errors = [
        DeployError(
            f"{compared.file.destination} was changed by hand",
            host=host.name,
            step="inspect",
            hint=hint,
        )
        for host, compared in edited
    ]
    if not flags.dry_run:
        raise_first(errors)
    for error in errors:
        text = f"{error.message}: without --force this ends here; {hint}"
        session.emit(events.Warned(error.host, error.step, text))
