"""One host with releases: the steps of a preparation with its paths, and what they leave."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.facts.releases import ReleasesState, parse_releases
from tests.remote.harness import Line, Ran, Shell, fact, step
from tests.remote.repositories import Tree

_APP = {"name": "app", "version": "1.0.0"}
PACKAGE = json.dumps(_APP)
LOCKFILE = json.dumps({**_APP, "lockfileVersion": 3, "requires": True, "packages": {"": _APP}})
_DEADLY = """#!/bin/sh
# The real {name}, unless this is the call at which the whole stage is killed.
echo {name} >>"{bin}/calls"
if [ "$(wc -l <"{bin}/calls")" -ge {number} ]; then
  read -r pid name state parent group session rest </proc/$$/stat
  kill -KILL "-$session"
  kill -KILL 0
fi
exec "{real}" "$@"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The directory of an app whose releases are made in turn."""

    shell: Shell
    root: Path
    origin: Tree

    @property
    def mirror(self) -> Tree:
        return Tree(self.root / "repo.git", self.origin.environment)

    @property
    def shared(self) -> Path:
        return self.root / "shared"

    def release(self, name: str) -> Path:
        return self.root / "releases" / name

    def partial(self, name: str) -> Path:
        return self.root / "releases" / f"{name}.partial"

    def tree(self, name: str) -> Tree:
        """The complete release, for its git."""
        return Tree(self.release(name), self.origin.environment)

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in (self.root / "releases").iterdir())

    @property
    def keys(self) -> list[str]:
        """The keys of shared packages, and whatever else stands there."""
        return sorted(path.name for path in (self.shared / "deps").iterdir())

    def begin(self, name: str, revision: str) -> list[Line]:
        url = str(self.origin.path)
        return [
            step("ensure_mirror", str(self.root), url),
            step("fetch_commit", f"{self.root}/repo.git", url, revision, "main", 30),
            self.make(name, revision),
        ]

    def make(self, name: str, revision: str) -> Line:
        return step("make_release", str(self.root), name, revision)

    def link(self, name: str, *paths: str) -> Line:
        return step("link_shared", str(self.root), name, "\n".join(paths))

    def node(self, name: str, mode: str = "off", flags: str = "") -> Line:
        return step("install_release_node", str(self.root), name, 60, mode, flags, "")

    def python(self, name: str) -> Line:
        return step("install_release_python", str(self.root), name, 60, "auto")

    def build(self, name: str, command: str) -> Line:
        return step("run_build", str(self.partial(name)), command, 30)

    def complete(self, name: str) -> Line:
        return step("complete_release", str(self.root), name)

    def lines(
        self,
        revision: str,
        *between: Line,
        name: str,
        shared: tuple[str, ...] = (),
        node: str = "off",
    ) -> list[Line]:
        """Everything that makes a release; `between` is run before it is complete."""
        return [
            *self.begin(name, revision),
            self.link(name, *shared),
            self.node(name, node),
            *between,
            self.complete(name),
        ]

    def prepare(
        self,
        revision: str,
        *between: Line,
        name: str,
        shared: tuple[str, ...] = (),
        node: str = "off",
    ) -> Ran:
        """Make a release; it must become complete."""
        ran = self.shell.run(*self.lines(revision, *between, name=name, shared=shared, node=node))
        assert ran.code == 0, (ran.refusal, ran.log)
        assert self.release(name).is_dir()
        return ran

    def prepare_all(self, names: Sequence[str]) -> None:
        """The same for several releases of one revision, without packages, in one stage."""
        revision = self.origin.head
        lines = self.begin(names[0], revision)[:2]
        for name in names:
            lines += self.lines(revision, name=name)[2:]
        ran = self.shell.run(*lines)
        assert ran.code == 0, (ran.refusal, ran.log)

    def serve(self, name: str) -> None:
        """As if the release had been switched to and proved."""
        previous = self.root / "previous"
        current = self.root / "current"
        previous.unlink(missing_ok=True)
        if current.is_symlink():
            previous.symlink_to(current.readlink())
            current.unlink()
        current.symlink_to(f"releases/{name}")
        (self.release(name) / ".deploy/proved").write_text("revision=x\n")

    def prune(self, keep: int, *protected: str) -> Ran:
        ran = self.shell.run(step("prune_releases", str(self.root), keep, *protected))
        assert ran.code == 0, (ran.refusal, ran.log)
        return ran

    @property
    def state(self) -> ReleasesState:
        return parse_releases(self.shell.run(fact("releases_state", str(self.root))).answer)

    def kill_at(self, number: int, *commands: str) -> None:
        """From now on the stage is killed as a whole at the `number`-th call of the commands."""
        (self.shell.bin / "calls").write_text("")
        path = self.shell.environment["PATH"].split(":")
        for name in commands:
            real = next(Path(at) / name for at in path if (Path(at) / name).exists())
            file = self.shell.bin / name
            file.write_text(_DEADLY.format(name=name, bin=self.shell.bin, real=real, number=number))
            file.chmod(0o755)

    def kill_no_more(self) -> None:
        """The commands are the real ones again."""
        for file in self.shell.bin.iterdir():
            if not file.is_symlink():
                file.unlink()
