"""`invoke lab.up`, `lab.down` and `lab.status`: the lab for a person, who is told what to do next.

The default lab is the one that inventory/lab.yml describes.
"""

from __future__ import annotations

from pathlib import Path

from deploy.app import guarded
from deploy.errors import DeployError, ExitCode
from deploy.reports.tables import print_table
from tests.lab import Lab
from tests.lab.site import Site


def main(verb: str, app: int = 29, root: str = "") -> int:
    """Bring a lab up, take it down, or show it; an exit code, with words where it fails."""
    place = Path(root) if root else Site().root
    verbs = {
        "up": lambda: up(place, app),
        "down": lambda: down(place),
        "status": lambda: show(place),
    }
    return guarded(verbs[verb])


def up(root: Path, app: int) -> ExitCode:
    """Bring it up; one that is up with another app is not touched."""
    if app not in (14, 18, 29):
        raise DeployError(f"--app {app}: the lab has 14, 18 and 29", exit_code=ExitCode.USAGE)
    here = Lab.at(root)
    if here and here.site.app != app:
        raise DeployError(
            f"a lab with ActionHero {here.site.app} is up in {root}",
            hint="take it down first: invoke lab.down",
            exit_code=ExitCode.USAGE,
        )
    lab = here or Lab(root, app)  # type: ignore[arg-type]
    lab.up()
    named = "" if lab.site == Site() else f"DEPLOY_INVENTORY={lab.site.inventory} "
    print(f"up: ActionHero {app} in {root}\n→ {named}invoke deploy --env lab")
    return ExitCode.DONE


def down(root: Path) -> ExitCode:
    """End it; nothing to do where none is up."""
    lab = Lab.at(root)
    if lab:
        lab.down()
    print(f"{'down' if lab else 'no lab is up'}: {root}")
    return ExitCode.DONE


def show(root: Path) -> ExitCode:
    """Each daemon with its pid."""
    lab = Lab.at(root)
    if lab is None:
        print(f"no lab is up in {root}\n→ invoke lab.up")
        return ExitCode.FAILED
    rows = [[name, str(p.pid) if p else "ended"] for name, p in lab.status().items()]
    print_table(("daemon", "pid"), rows, "terminal")
    return ExitCode.DONE if all(p for p in lab.status().values()) else ExitCode.FAILED
