"""`invoke lab.up`, `lab.down` and `lab.status`: the lab for a person, who is told what to do next.

The default lab is the one that inventory/lab.yml describes.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.app import guarded
from deploy.errors import DeployError, ExitCode
from deploy.reports.tables import print_table
from tests.lab import Lab
from tests.lab.controller import invoke
from tests.lab.role_files import APP, role_files
from tests.lab.site import Site


def main(verb: str, app: int = 29, root: str = "", topology: bool = False) -> int:
    """Bring a lab up, take it down, or show it; an exit code, with words where it fails."""
    place = Path(root) if root else Site().root
    verbs = {
        "up": lambda: up(place, app, topology),
        "down": lambda: down(place),
        "status": lambda: show(place),
    }
    return guarded(verbs[verb])


def up(root: Path, app: int, topology: bool) -> ExitCode:
    """Bring it up, or with `topology` the hosts of a whole one, bare, with ActionHero 18:
    `invoke configure` makes the rest. One that is up and is another is not touched.
    """
    if app not in (14, 18, 29):
        raise DeployError(f"--app {app}: the lab has 14, 18 and 29", exit_code=ExitCode.USAGE)
    here = Lab.at(root)
    if topology:
        app = APP
    if here and here.site.app != app:
        raise DeployError(
            f"a lab with ActionHero {here.site.app} is up in {root}",
            hint="take it down first: invoke lab.down",
            exit_code=ExitCode.USAGE,
        )
    if here and here.site.topology != topology:
        raise DeployError(
            f"another lab is up in {root}",
            hint="take it down first: invoke lab.down",
            exit_code=ExitCode.USAGE,
        )
    if topology:
        lab = here or _topology(root)
    else:
        lab = here or Lab(root, app)  # type: ignore[arg-type]
        lab.up()
    named = "" if lab.site == Site() else f"DEPLOY_INVENTORY={lab.site.inventory} "
    print(f"up: ActionHero {lab.site.app} in {root}")
    for task in (["configure"] if topology else []) + ["deploy"]:
        print(f"→ {named}invoke {task} --env lab")
    return ExitCode.DONE


def _topology(root: Path) -> Lab:
    """The hosts, and a revision of the app that knows where each role finds its redis."""
    lab = Lab(root, APP, strategy="releases", topology=True)
    lab.up()
    with TemporaryDirectory() as rendered:
        invoke(lab, "render-config", "--out", rendered, say=False)
        lab.commit("the configuration of each role", role_files(Path(rendered)))
    return lab


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
