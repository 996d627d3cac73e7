"""The register of a run in redis, and the ends of a switch that obey it."""

from tests.model.rules import Rules
from tests.model.state import DECIDED, Fleet, Host


def is_open(fleet: Fleet, run: int, rules: Rules) -> bool:
    """Whether a decision may still be written: on the redis that opened the register."""
    value = fleet.register[run - 1]
    if value == "open elsewhere":
        return not rules.incarnation
    if value in ("", "lost", "forgotten"):
        return not rules.missing_is_undecidable
    return value == "open"


def decide_register(fleet: Fleet, run: int, want: str, rules: Rules) -> tuple[Fleet, str]:
    """Compare and set: what the register says afterwards, '' where it cannot decide."""
    value = fleet.register[run - 1]
    if value in DECIDED:
        return fleet, value
    if is_open(fleet, run, rules):
        return fleet.wrote(run, want), want
    return fleet, ""


def confirm_switch(host: Host, run: int, rules: Rules) -> Host:
    """Rename pending to confirmed, with the release running."""
    live = run if rules.confirm_starts_release else host.live
    return host.settled(run, "confirmed")._replace(confirmed=run, live=live)


def return_switch(host: Host, run: int) -> Host:
    """Point live at the confirmed release again; rename pending to returned."""
    return host.settled(run, "returned")._replace(live=host.confirmed)


def obey_register(fleet: Fleet, host: Host, run: int, rules: Rules) -> Host | None:
    """The host after a decision that exists, else None."""
    value = fleet.register[run - 1]
    if value == "commit":
        return confirm_switch(host, run, rules)
    return return_switch(host, run) if value == "abort" else None
