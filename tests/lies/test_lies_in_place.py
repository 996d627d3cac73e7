"""An app in place that looks deployed and is not: each lie is set up for real, and is not believed.

Each test is named after its lie; where it was met stands below its name. Table: docs/proof.md.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from deploy.shell import Line
from tests.lab.processes import find, wait_until
from tests.lies.places import InPlace, started
from tests.remote.harness import step
from tests.remote.repositories import Tree


def prepare(place: InPlace, *between: Line) -> tuple[str, str, list[Line]]:
    """The old revision, a new one, and what brings that into the live tree."""
    app = place.app
    old = app.tree.head
    new = app.origin.commit({"revision.txt": "new\n"})
    lines = [*app.fetch(new), app.prepare(new), *between, app.checkout(new), app.swap(new)]
    return old, new, lines


def check_out(place: InPlace) -> tuple[str, str]:
    """The live tree goes to a new revision; no process does."""
    old, new, lines = prepare(place)
    done = place.run(*lines)
    assert done.code == 0, done.log
    return old, new


def test_the_checkout_was_moved_back_before_the_processes_loaded(in_place: InPlace) -> None:
    """Measured: a worker loads its code when it starts, from what lies there by then."""
    old, new = check_out(in_place)
    in_place.app.tree.git("reset", "-q", "--hard", old)
    done = in_place.run(step("reload_cluster", 20), *in_place.proof(new))
    assert done.outcomes["prove_cluster"] == "changed", "the processes themselves are new"
    assert f"the tree is at {old}, not at {new}" in done.refusal
    assert not in_place.look().proves(new)


def test_the_checkout_was_moved_back_and_forth_while_the_processes_loaded(
    in_place: InPlace,
) -> None:
    """The same, by somebody who put it right afterwards: nothing on disk is wrong any more."""
    old, new = check_out(in_place)
    in_place.app.tree.git("reset", "-q", "--hard", old)
    assert in_place.run(step("reload_cluster", 20)).code == 0
    in_place.app.tree.git("reset", "-q", "--hard", new)
    done = in_place.run(*in_place.proof(new))
    assert f"the tree was moved away from {new} and back" in done.refusal
    again = in_place.run(
        in_place.app.checkout(new), step("reload_cluster", 20), *in_place.proof(new)
    )
    assert again.code == 0, again.refusal


def test_the_checkout_was_moved_but_no_process_was(in_place: InPlace) -> None:
    """Measured: 29 takes USR2 for a restart that loads nothing anew."""
    check_out(in_place)
    assert "started before the checkout" in in_place.look().doubt
    assert "started before the checkout" in in_place.run(step("prove_cluster", 1)).refusal


def test_somebody_pulled_by_hand(in_place: InPlace) -> None:
    """Reported: building in the live tree mixes versions (pm2-deploy 61)."""
    new = in_place.app.origin.commit({"revision.txt": "pulled\n"})
    in_place.app.tree.git("fetch", "-q", str(in_place.app.origin.path), new)
    in_place.app.tree.git("reset", "-q", "--hard", new)
    seen = in_place.look()
    assert seen.objection == "runs, but was never proved"
    assert not seen.proves(new)


def test_a_tracked_file_was_changed_after_the_checkout(in_place: InPlace) -> None:
    """Reported: false success (shipit-deploy 29)."""
    _, new = check_out(in_place)
    (in_place.app.path / "revision.txt").write_text("hot fix\n")
    done = in_place.run(step("reload_cluster", 20), *in_place.proof(new))
    assert "tracked files were changed since the checkout" in done.warnings
    assert in_place.look().objection == "files of the tree were changed"


def test_one_of_two_processes_was_not_replaced(in_place: InPlace) -> None:
    """Reported: overlapping reloads leave workers on old code (pm2 6129)."""
    check_out(in_place)
    first, left = (find(pid) for pid in in_place.pids())
    assert first is not None
    assert left is not None
    first.signal(signal.SIGTERM)
    wait_until(lambda: not first.is_alive(), "its end")
    assert in_place.run(step("start_cluster", 20)).code == 0
    assert in_place.look().doubt == f"worker {left.pid} started before the checkout"


def test_a_pidfile_is_stale(in_place: InPlace) -> None:
    """Measured: 14 leaves its pidfile behind; all are stale after `kill -9`."""
    (pidfile, *_) = sorted((in_place.app.path / "pids").iterdir())
    pid = pidfile.read_text()
    pidfile.write_text("4194304")
    seen = in_place.look()
    assert seen.doubt == f"no pidfile names worker {pid}"
    assert verdict(in_place, pidfile) == "stale"


def test_a_pidfiles_number_was_used_again(in_place: InPlace) -> None:
    """Measured: USR2 to a reused pid kills an innocent process."""
    (pidfile, *_) = sorted((in_place.app.path / "pids").iterdir())
    pid = pidfile.read_text()
    pidfile.write_text("1")
    assert in_place.look().doubt == f"no pidfile names worker {pid}"
    assert verdict(in_place, pidfile) == "foreign"


def test_a_pidfile_names_another_apps_process(in_place: InPlace, tmp_path: Path) -> None:
    """Measured: any living process makes ActionHero say that it runs already."""
    shutil.copytree(in_place.app.path / "dist", tmp_path / "other/dist")
    (pidfile, *_) = sorted((in_place.app.path / "pids").iterdir())
    pid = pidfile.read_text()
    with started(tmp_path / "other", "dist/server.js", "h-0", tmp_path / "other.sock") as other:
        pidfile.write_text(str(other))
        assert in_place.look().doubt == f"no pidfile names worker {pid}"
        assert verdict(in_place, pidfile) == "foreign"


def test_a_supervisor_started_the_old_code_again_beside_ours(
    in_place: InPlace, tmp_path: Path
) -> None:
    """Measured: `Restart=always` resurrects what was stopped."""
    with started(in_place.app.path, "dist/server.js", "old", tmp_path / "old.sock"):
        assert in_place.look().doubt == "3 of 2 workers run"


def test_the_app_is_behind_a_link_that_was_moved(in_place: InPlace) -> None:
    """Measured: 14 and 29 behind `current`: old code, and the reload succeeds."""
    app = in_place.app.path
    app.rename(app.with_name("1"))
    shutil.copytree(app.with_name("1"), app.with_name("2"), symlinks=True)
    app.symlink_to("2")
    assert in_place.look().doubt == "0 of 2 workers run"


def test_a_process_in_the_right_directory_runs_another_ones_code(
    in_place: InPlace, tmp_path: Path
) -> None:
    """Reported: a process manager pinned to the old release (pm2 5939)."""
    app = in_place.app.path
    shutil.copytree(app / "dist", tmp_path / "old/dist")
    process = find(int((app / "pids/actionhero-h-0").read_text()))
    assert process is not None
    process.signal(signal.SIGTERM)
    wait_until(lambda: not process.is_alive(), "its end")
    pinned = tmp_path / "old/dist/server.js"
    with started(app, str(pinned), "h-0", in_place.sockets / "0.sock") as pid:
        assert f"process {pid} runs {pinned}, which is not of {app}" in in_place.look().doubt


def test_the_build_wrote_into_an_older_directory(in_place: InPlace) -> None:
    """Reported: building inside the live tree (pm2-deploy 61). The build itself succeeds."""
    app = in_place.app
    new = app.origin.commit({"dist/server.js": None, "src/server.ts": "new\n"})
    elsewhere = f"mkdir -p '{app.path}/dist' && cp src/server.ts '{app.path}/dist/server.js'"
    check = step("check_prepared", str(app.prepared(new)))
    done = in_place.run(*app.fetch(new), app.prepare(new), app.build(new, elsewhere), check)
    assert done.outcomes["run_build"] == "changed"
    assert "neither the commit nor a build made one there" in done.refusal
    assert "app.build" in done.refusal


def verdict(place: InPlace, pidfile: Path) -> str:
    """What `invoke pids` says of a pidfile."""
    return next(p.verdict for p in place.look().cluster.pidfiles if p.name == pidfile.name)


def test_a_tree_that_nobody_moved_stays_proved(in_place: InPlace, origin: Tree) -> None:
    """The other way round: nothing of all this is said without a reason."""
    done = in_place.run(
        in_place.app.checkout(origin.head), step("reload_cluster", 20), *in_place.proof(origin.head)
    )
    assert done.code == 0, done.refusal
    assert done.outcomes["checkout_tree"] == "unchanged"
    assert done.warnings == ""
