"""Labs for tests: one for each app, made when first asked for, gone when the session ends.

Each has a directory and a subnet of its own, so that two test runs do not meet. What was deployed
in place on a lab is shared as well: such tests are a group, and leave it serving.
"""

from __future__ import annotations

import fcntl
import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.deploys.harness import Controller
    from tests.lab import Lab
    from tests.lab.site import App, Strategy

gc.set_threshold(100_000)  # a tenth of what the pure tests cost
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it

SUBNETS = range(100, 200)
GROUPS = {
    "live29": (
        *("test_faults_activate", "test_faults_input", "test_faults_prepare"),
        *("test_life_29", "test_topology_live", "test_jobs_29"),
    ),
    "live14": ("test_jobs_14", "test_life_14", "test_releases_life_14"),
    "live18": (
        *("test_faults_cluster", "test_init", "test_life_18", "test_status", "test_lies_host"),
        "test_adopt",
    ),
    "small_fleet": (
        *("test_going_on", "test_files_with_release"),
        *("test_releases_decision", "test_releases_killed"),
    ),
}
"""Files whose tests go on from each other's state, in that order; by the fixture they share."""
SHARED = {file: group for group, files in GROUPS.items() for file in files}


@pytest.fixture(scope="session")
def labs() -> Iterator[Callable[[App], Lab]]:
    """The session's lab for an app, up."""
    with ExitStack() as stack:
        made: dict[App, Lab] = {}

        def provide(app: App) -> Lab:
            if app not in made:
                made[app] = new_lab(stack, app)
                made[app].up()
            return made[app]

        yield provide


@pytest.fixture(scope="session")
def lab14(labs: Callable[[App], Lab]) -> Lab:
    """ActionHero 14 on Node 8."""
    return labs(14)


@pytest.fixture(scope="session")
def lab18(labs: Callable[[App], Lab]) -> Lab:
    """ActionHero 18 on Node 12."""
    return labs(18)


@pytest.fixture(scope="session")
def lab29(labs: Callable[[App], Lab]) -> Lab:
    """ActionHero 29 on Node 20."""
    return labs(29)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of a group follow each other, from where the first of them is."""
    turns = {file: turn for files in GROUPS.values() for turn, file in enumerate(files)}
    places: dict[str, int] = {}
    for place, item in enumerate(items):
        places.setdefault(SHARED.get(item.path.stem, str(item.path)), place)
    items.sort(
        key=lambda item: (
            places[SHARED.get(item.path.stem, str(item.path))],
            turns.get(item.path.stem, 0),
        )
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of a file are run by one worker, and so are the files that share a deployed lab."""
    from xdist.scheduler import LoadFileScheduling

    class Sharing(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return SHARED.get(Path(file).stem, file)

    return Sharing(config, log)


@pytest.fixture(scope="session")
def live14(lab14: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """ActionHero 14, in place on every host that was bare."""
    return live(lab14, tmp_path_factory)


@pytest.fixture(scope="session")
def live18(lab18: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """ActionHero 18, in place on every host that was bare."""
    return live(lab18, tmp_path_factory)


@pytest.fixture(scope="session")
def live29(lab29: Lab, tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """ActionHero 29, in place on every host that was bare."""
    return live(lab29, tmp_path_factory)


def live(lab: Lab, directories: pytest.TempPathFactory) -> Controller:
    """A controller that deployed the first revision to every host."""
    from tests.deploys.harness import Controller

    controller = Controller(lab, directories.mktemp("controller"))
    assert (said := controller.run("deploy")).code == 0, said.text
    return controller


def new_lab(stack: ExitStack, app: App, strategy: Strategy = "in_place") -> Lab:
    """A lab on a subnet of its own, down until it is brought up, and down at the stack's end."""
    from tests.lab import Lab

    subnet, lock = claim_subnet()
    stack.enter_context(lock)
    lab = Lab(Path(f"/tmp/ahl{subnet}"), app, subnet, strategy)
    stack.callback(lab.down)
    return lab


def claim_subnet() -> tuple[int, Any]:
    """A subnet that no other test run uses, and the file that keeps it while it is open."""
    for subnet in SUBNETS:
        try:
            lock = Path(f"/tmp/.ahlab-{subnet}.lock").open("a")  # noqa: SIM115
        except OSError:  # another user's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return subnet, lock
    raise RuntimeError("every subnet for tests is in use")
