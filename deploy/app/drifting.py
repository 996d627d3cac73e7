"""Whether the files of a host's programs are as the inventory has them, as `status` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.app.files import Rendered, part_of
from deploy.checks.status import Drift
from deploy.errors import DeployError
from deploy.facts import Answer
from deploy.facts.cluster import Cluster
from deploy.facts.files import Config, config_fact
from deploy.inventory import Environment, Host, layout_for
from deploy.inventory.programs import placed
from deploy.render.programs import Secrets, render_programs
from deploy.secrets import read_secret
from deploy.shell import Line
from deploy.strategies.configure import Compared


@dataclass(frozen=True, slots=True)
class Drifts:
    """Asks for a host's files, and compares; what is to be there is rendered once a version."""

    environment: Environment
    _rendered: dict[tuple[str, int | None], Rendered] = field(default_factory=dict)

    def lines(self, host: Host) -> list[Line]:
        """The question: every file that the inventory may have there; none: no question."""
        app = self.environment.app.name
        programs = [placed(one, app) for one in host.settings.programs.values() if one.enabled]
        files = [(file.destination, one.sudo) for one in programs for file in one.files.values()]
        return [config_fact(files).line(layout_for(self.environment, host))] if files else []

    def compare(self, host: Host, answers: Mapping[str, Answer]) -> Drift:
        """What differs; where that cannot be told (a secret that is not here), why."""
        if Config.name not in answers:
            return Drift()
        try:
            version = Cluster.read(host.name, answers).installed.split(".")[0]
            rendered = self._render(host, int(version) if version.isdigit() else None)
            part = part_of(rendered, Config.read(host.name, answers))
            changed = [one for one in part.compared if one.is_changed]
        except DeployError as error:
            return Drift(fault=error.message, is_asked=True)
        unread = [one for one in changed if _is_unread(one)]
        if unread:
            fault = f"{unread[0].file.destination}: {unread[0].there.fault}"
            return Drift(fault=fault, is_asked=True)
        files = tuple((one.file.destination, _verdict(one)) for one in changed)
        return Drift(files=files, is_asked=True)

    def _render(self, host: Host, major: int | None) -> Rendered:
        key = (host.name, major)
        if key not in self._rendered:
            sources = host.settings.secrets
            secrets = Secrets(sources, lambda name: read_secret(name, sources[name]))
            programs = render_programs(self.environment, host, secrets, major=major)
            self._rendered[key] = Rendered(host, programs, secrets.values)
        return self._rendered[key]


def _is_unread(compared: Compared) -> bool:
    """Its contents could not be looked at; its directory may well be one that is not ours."""
    fault = compared.there.fault
    is_of_the_directory = fault.startswith("the directory") or "may not write in" in fault
    return bool(fault) and not is_of_the_directory and not compared.there.content


def _verdict(compared: Compared) -> str:
    if compared.there.kind == "absent":
        return "is not there"
    return "was changed by hand" if compared.is_hand_edited else "differs from the inventory"
