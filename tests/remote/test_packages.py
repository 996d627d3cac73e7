"""install_node and install_python with real npm and pip, from packages on disk."""

from __future__ import annotations

import json
import signal
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.remote.harness import Line, await_log, end_session, finish, only, step
from tests.remote.repositories import App, Tree

pytestmark = pytest.mark.shells_in_turn


def pack(directory: Path, tree: Tree, version: str, **scripts: str) -> None:
    """A tarball of the tiny package `part` in the origin's vendor/."""
    source = directory / f"part-{version}"
    source.mkdir()
    package = {"name": "part", "version": version, "scripts": scripts}
    (source / "package.json").write_text(json.dumps(package))
    (source / "index.js").write_text(f"module.exports = '{version}';\n")
    vendor = tree.path / "vendor"
    vendor.mkdir(exist_ok=True)
    command = ["npm", "pack", "--silent", "--pack-destination", str(vendor), str(source)]
    subprocess.run(command, env=tree.environment, check=True, capture_output=True)


def depend(tree: Tree, version: str) -> str:
    """Commit an app that depends on that version, with its lockfile."""
    package = {"name": "app", "dependencies": {"part": f"file:vendor/part-{version}.tgz"}}
    (tree.path / "package.json").write_text(json.dumps(package))
    lock = ["npm", "install", "--package-lock-only", "--offline", "--no-audit"]
    subprocess.run(lock, cwd=tree.path, env=tree.environment, check=True, capture_output=True)
    return tree.commit({})


@pytest.fixture
def first(app: App, tmp_path: Path) -> str:
    pack(tmp_path, app.origin, "1.0.0")
    pack(tmp_path, app.origin, "2.0.0")
    return depend(app.origin, "1.0.0")


def prepare(app: App, revision: str, line: Line | None = None) -> list[Line]:
    return [*app.fetch(revision), app.prepare(revision), line or app.node(revision)]


def version(app: App) -> str:
    text = (app.path / "node_modules/part/package.json").read_text()
    return str(json.loads(text)["version"])


def without_npm(app: App) -> App:
    """The same app on a host where starting npm fails; its version can still be read."""
    npm = app.shell.bin / "lib/bin/npm"
    npm.parent.mkdir(parents=True)
    npm.write_text("#!/bin/sh\necho npm was started >&2\nexit 66\n")
    npm.chmod(0o755)
    real = Path(subprocess.check_output(["sh", "-c", "readlink -f $(command -v npm)"], text=True))
    (app.shell.bin / "lib/package.json").write_bytes(
        (real.parent.parent / "package.json").read_bytes()
    )
    (app.shell.bin / "npm").symlink_to(npm)
    return app


def test_npm_runs_only_when_the_key_changed(app: App, first: str) -> None:
    ran = app.deploy(first, app.node(first))
    assert ran.outcomes["install_node"] == "changed"
    assert version(app) == "1.0.0"
    code_only = app.origin.commit({"server.js": "two\n"})
    ran = without_npm(app).deploy(code_only, app.node(code_only))
    assert ran.outcomes["install_node"] == "unchanged"
    assert "npm was started" not in ran.log
    assert version(app) == "1.0.0"
    changed = depend(app.origin, "2.0.0")
    ran = app.shell.run(*prepare(app, changed))
    assert "npm was started" in ran.log


@only("dash")
def test_an_older_lockfile_finds_its_packages_parked(app: App, first: str) -> None:
    app.deploy(first, app.node(first))
    second = depend(app.origin, "2.0.0")
    app.deploy(second, app.node(second))
    assert version(app) == "2.0.0"
    ran = without_npm(app).deploy(first, app.node(first))
    assert version(app) == "1.0.0"
    assert "npm was started" not in ran.log


@pytest.mark.parametrize("change", ["flags", "inputs", "NODE_ENV", ".npmrc"])
def test_what_an_install_depends_on_is_in_the_key(app: App, first: str, change: str) -> None:
    app.deploy(first, app.node(first))
    npmrc = {".npmrc": "audit=false\n"} if change == ".npmrc" else {}
    new = app.origin.commit({"patches/a b": "x", **npmrc})
    flags = "--omit=dev\n--omit=optional" if change == "flags" else ""
    inputs = "patches/a b" if change == "inputs" else ""
    line = app.node(new, flags=flags, inputs=inputs)
    environment = {"NODE_ENV": "production"} if change == "NODE_ENV" else {}
    ran = app.shell.run(*prepare(app, new, line), app=environment)
    assert ran.outcomes["install_node"] == "changed", ran.log


@only("dash")
def test_a_lockfile_that_does_not_match_is_refused(app: App, first: str) -> None:
    app.deploy(first, app.node(first))
    package = '{"name": "app", "dependencies": {"part": "file:vendor/part-2.0.0.tgz"}}'
    new = app.origin.commit({"package.json": package})
    ran = app.shell.run(*prepare(app, new))
    assert "does not match package.json" in ran.refusal
    assert "commit package-lock.json" in ran.refusal
    assert version(app) == "1.0.0"


def test_a_commit_without_package_json_is_refused(app: App) -> None:
    ran = app.shell.run(*prepare(app, app.origin.head))
    assert "the commit has no package.json" in ran.refusal


def test_mode_off_does_nothing(app: App) -> None:
    revision = app.origin.head
    ran = app.shell.run(*prepare(app, revision, app.node(revision, mode="off")))
    assert ran.outcomes["install_node"] == "unchanged"


@only("dash")
def test_an_install_script_that_fails_is_refused(app: App, tmp_path: Path) -> None:
    pack(tmp_path, app.origin, "3.0.0", postinstall="echo its own words; exit 9")
    ran = app.shell.run(*prepare(app, depend(app.origin, "3.0.0")))
    assert "npm ci ended with code" in ran.refusal
    assert "the old code still serves" in ran.refusal


@only("dash")
def test_an_install_that_was_ended_is_made_again(app: App, tmp_path: Path) -> None:
    """TERM to the whole stage in the middle of npm; the half node_modules is not used."""
    wait = "test -e ${HOME}/go || { echo in the middle >&2; sleep 60; }"
    pack(tmp_path, app.origin, "3.0.0", postinstall=wait)
    revision = depend(app.origin, "3.0.0")
    line = app.node(revision, flags="--foreground-scripts")
    stage = app.shell.start(*prepare(app, revision, line))
    await_log(stage, "in the middle\n")
    end_session(stage, signal.SIGTERM)
    assert finish(stage).code == 1
    (Path(app.shell.environment["HOME"]) / "go").touch()
    ran = app.deploy(revision, line)
    assert ran.outcomes["install_node"] == "changed"
    assert version(app) == "3.0.0"


def wheel(directory: Path) -> None:
    """A wheel that brings one program, made by hand so that nothing is downloaded."""
    info = "tiny-1.0.dist-info"
    files = {
        "tiny.py": "def main():\n    print('tiny runs')\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(directory / "tiny-1.0-py3-none-any.whl", "w") as archive:
        for name, text in (files | {f"{info}/RECORD": record}).items():
            archive.writestr(name, text)


def venv(app: App, revision: str, mode: str = "auto") -> Line:
    paths = (str(app.path), str(app.prepared(revision)), str(app.state / "venvs"))
    return step("install_python", *paths, 60, mode)


@only("dash")
def test_requirements_go_into_a_keyed_environment(app: App, tmp_path: Path) -> None:
    """The path has a space, but no double quote: pip's launchers do not work below one."""
    app = replace(app, tree=Tree(tmp_path / "an app", app.tree.environment))
    wheel(app.origin.path)
    first = app.origin.commit({"requirements.txt": "./tiny-1.0-py3-none-any.whl\n"})
    ran = app.deploy(first, venv(app, first), app.build(first, "tiny"))
    assert "tiny runs" in ran.log
    live = app.shell.run(step("run_once", str(app.path), "tiny", 10))
    assert "tiny runs" in live.log
    second = app.origin.commit({"server.js": "two\n"})
    ran = app.deploy(second, venv(app, second))
    assert ran.outcomes["install_python"] == "unchanged"
    third = app.origin.commit({"requirements.txt": None})
    app.deploy(third, venv(app, third))
    assert not (app.state / "venv").is_symlink()


@only("dash")
def test_requirements_that_cannot_be_installed_are_refused(app: App) -> None:
    revision = app.origin.commit({"requirements.txt": "./none.whl\n"})
    ran = app.shell.run(*prepare(app, revision, venv(app, revision)))
    assert "pip install -r requirements.txt ended with code 1" in ran.refusal
    assert not any((app.state / "venvs").glob("*/.complete"))
