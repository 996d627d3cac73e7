"""`invoke render-nginx` and `render-config`: files for each host, written and checked locally.

`render-units` writes what an administrator has to install for `supervisor: systemd`.
"""

from __future__ import annotations

import getpass
from pathlib import Path

from deploy.app import Flags, load
from deploy.app.looking import ask_hosts
from deploy.app.target import find_target
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import raise_first
from deploy.facts import Fact
from deploy.inventory import Environment, Host, layout_for
from deploy.render import (
    Report,
    check_gixy,
    check_nginx,
    render_config,
    render_nginx,
    render_units,
    write_files,
)
from deploy.render.hardening import check_units
from deploy.shell import call


def render_nginx_files(out: str, check: bool, flags: Flags) -> ExitCode:
    """Write OUT/HOST/nginx.conf for each host that serves; with `check`, ask nginx and gixy."""
    environment, hosts = load(flags)
    major = _major(environment)
    sound = True
    for host in (host for host in hosts if host.serves):
        files = render_nginx(environment, host, major=major)
        directory = Path(out, host.name)
        tell_paths(write_files(files, directory))
        if check:
            for report in (check_nginx(files, directory), check_gixy(files, directory)):
                sound &= show_report(host.name, report)
    return ExitCode.DONE if sound else ExitCode.FAILED


def render_config_files(out: str, flags: Flags) -> ExitCode:
    """Write OUT/HOST/config/… (or src/config/…) for each host that runs the app."""
    environment, hosts = load(flags)
    major = _major(environment)
    for host in hosts:
        tell_paths(write_files(render_config(environment, host, major=major), Path(out, host.name)))
    return ExitCode.DONE


def render_unit_files(out: str, systemctl: str, flags: Flags) -> ExitCode:
    """Write OUT/HOST/systemd/… for each host whose supervisor is `systemd`.

    Hosts are asked where systemctl is, unless it is said, and for nothing else: root runs what is
    written.
    """
    environment, hosts = load(flags)
    kept = [host for host in hosts if host.runs_app and host.settings.supervisor == "systemd"]
    if not kept:
        print("no host has supervisor: systemd")
    found, errors = _find_systemctl(environment, kept, systemctl)
    sound = True
    for host in (host for host in kept if host.name in found):
        layout, login = layout_for(environment, host), login_of(environment, host)
        directory = Path(out, host.name, "systemd")
        files = render_units(host, layout, login, found[host.name])
        tell_paths(write_files(files, directory))
        sound &= show_report(host.name, check_units(files, directory))
        print(f"to be run as root on {host.name}, beside the others: {directory / 'install.sh'}")
    raise_first([*errors.values()])
    return ExitCode.DONE if sound else ExitCode.FAILED


def _find_systemctl(
    environment: Environment, hosts: list[Host], said: str
) -> tuple[dict[str, str], dict[str, DeployError]]:
    """Its path by host, and the hosts that did not answer."""
    if said:
        return dict.fromkeys((host.name for host in hosts), said), {}
    answers, errors = ask_hosts(
        environment, hosts, lambda host: [Systemctl.line(layout_for(environment, host))]
    )
    return {name: Systemctl.read(name, answer) for name, answer in answers.items()}, errors


Systemctl: Fact[str] = Fact("systemctl", lambda _: call("find_systemctl"), str.strip)


def login_of(environment: Environment, host: Host) -> str:
    """The account that the app is deployed as; a host's own word on it would not do."""
    if host.settings.transport == "local":
        return getpass.getuser()
    from deploy.transport.ssh.destination import resolve

    return resolve(host, environment.ssh).user


def _major(environment: Environment) -> int:
    """The inventory's word, else the lockfile's at the head of the branch."""
    if environment.app.actionhero:
        return environment.app.actionhero
    version = find_target(environment, "").version
    if not version:
        raise DeployError(
            "the version of ActionHero is not known",
            hint="set app.actionhero in the inventory",
            exit_code=ExitCode.USAGE,
        )
    return int(version.split(".")[0])


def tell_paths(paths: list[Path]) -> None:
    """Print what was written."""
    for path in paths:
        print(f"wrote {path}")


def show_report(host: str, report: Report) -> bool:
    """Print what a check found; true when it passed, or could not be made."""
    if report.missing:
        print(f"{host}: {report.tool}: NOT CHECKED: there is no {report.missing} on this machine")
        return True
    print(f"{host}: {report.tool}: {'ok' if report.passed else 'FAILED'}")
    for finding in report.findings:
        print(f"  ✗ {finding}")
    for allowed in report.allowed:
        print(f"  allowed: {allowed}")
    if report.note:
        print(f"  note: {report.note}")
    return report.passed
