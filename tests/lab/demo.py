"""The demo: two revisions of a real app, deployed to the lab one after the other; who answers?

`script/demo` runs it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from deploy.errors import DeployError
from deploy.reports.tables import print_table
from tests.lab import Lab, Load
from tests.lab.controller import ask, heed_sigterm, invoke
from tests.lab.site import ROLES, Site

WEB_HOSTS = [host for host, role in ROLES.items() if role == "server"]
REQUESTS = 24
"""Requests a host that tell who answers; nginx spreads them over the workers."""


def main() -> int:
    """Show it; the exit code is 0 when every web host answers with the second revision."""
    options = _options()
    heed_sigterm()
    lab = Lab(options.root, options.app, options.subnet, options.strategy)
    began = time.monotonic()
    try:
        shown = show(lab)
    except DeployError as error:
        _say(f"{error}\n→ {error.hint}")
        return error.exit_code
    except RuntimeError as error:
        _say(str(error))
        return 1
    except subprocess.CalledProcessError as error:
        _say(f"{' '.join(error.cmd[2:])} ended with exit code {error.returncode}")
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    finally:
        _end(lab, keep=options.keep)
    _say(f"took {time.monotonic() - began:.0f} s")
    return 0 if shown else 1


def show(lab: Lab) -> bool:
    """Two deploys and the table; whether all that it says is well."""
    if Lab.at(lab.site.root):
        _say("a lab is up already: it is taken down first")
        Lab.at(lab.site.root).down()  # type: ignore[union-attr]
    _say(f"bringing up hosts {', '.join(ROLES)}, a git remote, nginx and redis in {lab.site.root}")
    lab.up()
    _say(f"revision 1 of an app on ActionHero {lab.site.app}: invoke deploy --env lab")
    invoke(lab, "deploy")
    revision = lab.commit("The second revision")
    _say(f"pushed revision 2, {revision[:10]}: invoke deploy --env lab, while clients ask")
    loads = _deploy_under_load(lab)
    for host, load in loads.items():
        _say(f"{host}: {load.total} requests through nginx meanwhile, {_failures(load)}")
    _say("the same again: invoke deploy --env lab")
    invoke(lab, "deploy")
    return _print_summary(lab, revision)


def _deploy_under_load(lab: Lab) -> dict[str, Load]:
    """Deploy while some 100 requests a second are made on each web host; they are counted."""
    with ExitStack() as clients:
        loads = {host: lab.load(host, clients=2, pause=0.02, seconds=600) for host in WEB_HOSTS}
        for load in loads.values():
            clients.enter_context(load)
        invoke(lab, "deploy")
    return loads


def _failures(load: Load) -> str:
    failed = ", ".join(f"{kind}: {count}" for kind, count in load.failed.items())
    return f"failed: {failed}" if failed else "none failed"


def _print_summary(lab: Lab, revision: str) -> bool:
    """One row a host; whether every host is at the revision, proved, and answers with it."""
    status = {row["host"]: row for row in ask(lab, "status")[-1]["hosts"]}
    pidfiles = ask(lab, "pids")
    rows, sound = [], True
    for host in ROLES:
        mine = [row["verdict"] == "ok" for row in pidfiles if row["host"] == host]
        answers, right = _who_answers(lab, host, revision)
        at = status[host]["revision"]
        sound &= right and all(mine) and bool(mine) and revision == at
        sound &= status[host]["proved"]
        counted = f"{sum(mine)} of {len(mine)} ok"
        workers = "{running} of {wanted}".format(**status[host]["workers"])
        rows.append((host, at[:10], answers, workers, counted))
    print()
    print_table(("host", "revision", "answered by", "workers", "pidfiles"), rows, "terminal")
    print()
    _say("the new revision answers on both web hosts" if sound else "FAILED: see the table")
    return sound


def _who_answers(lab: Lab, host: str, revision: str) -> tuple[str, bool]:
    """The workers that answer through nginx, and whether each of them has that revision loaded."""
    if host not in WEB_HOSTS:
        return "no nginx here: proved on the host", True
    answers = [lab.get(host, "/api/revision").json() for _ in range(REQUESTS)]
    names = sorted({answer["id"] for answer in answers})
    loaded = {answer["revision"] for answer in answers}
    words = f"{', '.join(names)}, with revision {' and '.join(sorted(loaded))}"
    return words, loaded == {lab.number(revision)}


def _end(lab: Lab, *, keep: bool) -> None:
    if not keep:
        _say("taking the lab down")
        lab.down()
        return
    variables = " ".join(f"{name}={value!r}" for name, value in lab.environment.items())
    _say("the lab stays up; deploy to it once more with:")
    print(f"  {variables} .venv/bin/invoke deploy --env lab")
    _say("and end it with: .venv/bin/invoke lab.down")


def _say(what: str) -> None:
    print(f"demo: {what}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--app", type=int, choices=(14, 18, 29), default=29)
    parser.add_argument("--strategy", choices=("releases", "in_place"), default="releases")
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    parser.add_argument("--root", type=Path, default=Site().root, help="directory of the lab")
    parser.add_argument("--subnet", type=int, default=Site().subnet, help="127.0.SUBNET.x")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
