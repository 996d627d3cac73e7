"""`invoke render-nginx` and `render-config`: files for each host, written and checked locally."""

from __future__ import annotations

from pathlib import Path

from deploy.app import Flags, load
from deploy.app.deploying import find_target
from deploy.errors import DeployError, ExitCode
from deploy.inventory import Environment
from deploy.render import Report, check_gixy, check_nginx, render_config, render_nginx, write_files


def render_nginx_files(out: str, check: bool, flags: Flags) -> ExitCode:
    """Write OUT/HOST/nginx.conf for each host that serves; with `check`, ask nginx and gixy."""
    environment, hosts = load(flags)
    major = _major(environment)
    sound = True
    for host in (host for host in hosts if host.serves):
        files = render_nginx(environment, host, major=major)
        directory = Path(out, host.name)
        _tell(write_files(files, directory))
        if check:
            for report in (check_nginx(files, directory), check_gixy(files, directory)):
                sound &= _show(host.name, report)
    return ExitCode.DONE if sound else ExitCode.FAILED


def render_config_files(out: str, flags: Flags) -> ExitCode:
    """Write OUT/HOST/config/… (or src/config/…) for each host that runs the app."""
    environment, hosts = load(flags)
    major = _major(environment)
    for host in hosts:
        _tell(write_files(render_config(environment, host, major=major), Path(out, host.name)))
    return ExitCode.DONE


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


def _tell(paths: list[Path]) -> None:
    for path in paths:
        print(f"wrote {path}")


def _show(host: str, report: Report) -> bool:
    print(f"{host}: {report.tool}: {'ok' if report.passed else 'FAILED'}")
    for finding in report.findings:
        print(f"  ✗ {finding}")
    for allowed in report.allowed:
        print(f"  allowed: {allowed}")
    if report.note:
        print(f"  note: {report.note}")
    return report.passed
