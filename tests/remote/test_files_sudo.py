"""Files installed as root by a deploy user, through a real sudo that knows the rendered rules only.

The rules stand in a mount namespace of the test's own: the machine's sudoers stay as they are.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.facts.files import parse_config
from deploy.inventory.layout import make_layout
from deploy.inventory.models import File, Program
from deploy.render.programs import RenderedFile, RenderedProgram
from deploy.render.sudoers import render_sudoers
from deploy.shell import Line, Secret, call, compile_script, loader_command
from tests.remote.harness import NONCE, Ran, fact, finish, step
from tests.transport import sshd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a mount namespace")
_IN_NAMESPACE = """\
set -eu
mount --bind "$1" /etc/sudoers.d
user=$2
shift 2
exec setpriv --reuid "$user" --regid "$user" --init-groups "$@"
"""


class Site:
    """An app's directory of the deploy user, and a directory that is root's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.user = sshd.deploy_user()
        self.layout = make_layout(str(root / "app"))
        self.file = root / "etc/own.conf"
        for name in ("app", "etc", "rules"):
            (root / name).mkdir()
        root.chmod(0o755)
        (root / "etc").chmod(0o750)
        (root / "rules").chmod(0o750)
        self.file.write_text("old\n")
        self.file.chmod(0o600)
        sshd.give(root / "app", self.user)

    def permit(self) -> None:
        """Install what is rendered, as the administrator would."""
        given = RenderedFile("own", "own.conf", str(self.file), "0640", "root:daemon", False, "")
        program = Program(
            files={"own.conf": File(template="own.j2", destination=str(self.file))},
            sudo=True,
            check="/usr/bin/test -s {own.conf}",
            reload="/bin/true --all=1,2",
        )
        one = RenderedProgram("own", program, None, (given,))
        rules = render_sudoers("web1", self.layout, self.user, [one])["sudoers"]
        file = self.root / "rules/own"
        file.write_text(rules)
        file.chmod(0o440)
        subprocess.run(["visudo", "-cqf", str(file)], check=True)

    def run(self, *lines: Line) -> Ran:
        before = [call("describe_config", self.layout.state, "r1")]
        script = compile_script(lines, nonce=NONCE, before=before)
        user = str(pwd.getpwnam(self.user).pw_uid)
        stage = subprocess.Popen(
            [
                *("unshare", "--mount", "sh", "-c", _IN_NAMESPACE, "sh"),
                *(str(self.root / "rules"), user, "sh", "-c", loader_command(len(script))),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(self.root / "app")},
            bufsize=0,
        )
        assert stage.stdin is not None
        stage.stdin.write(script)
        stage.stdin.flush()
        return finish(stage)

    def steps(self, reload: str = "--all=1,2") -> list[Line]:
        """All that a run does with the file."""
        to, trial = str(self.file), f"{self.layout.config('trial')}{self.file}"
        words = ["own", "yes", 20]
        back = call("restore_files", *words, "/bin/true", "--all=1,2")
        return [
            step("clear_stage"),
            step("stage_files", "own", to, Secret("text", "new\n"), ""),
            step("check_files", *words, "/usr/bin/test", "-s", trial),
            step("install_files", "own", "yes", to, "0640", "root:daemon", undo=back),
            step("reload_program", *words, "/bin/true", reload),
        ]


@pytest.fixture
def site() -> Iterator[Site]:
    with TemporaryDirectory(prefix="sudo-") as name:
        yield Site(Path(name))


def test_the_rendered_rules_are_enough_to_look_install_and_reload(site: Site) -> None:
    site.permit()
    there = parse_config(site.run(fact("config_state", "yes", str(site.file))).answer)
    found = there.files[str(site.file)]
    assert (found.content, found.mode, found.user) == (b"old\n", "0600", "root")
    ran = site.run(*site.steps())
    assert ran.code == 0, ran.log
    assert site.file.read_text() == "new\n"
    assert (site.file.owner(), site.file.group()) == ("root", "daemon")
    assert site.file.stat().st_mode & 0o777 == 0o640


def test_the_rendered_rules_are_enough_for_the_way_back(site: Site) -> None:
    site.permit()
    ran = site.run(*site.steps(reload="--none"))
    assert "sudo does not permit `/bin/true --none`" in ran.refusal
    assert [one["outcome"] for one in ran.of("undone")] == ["completed"], ran.log
    assert site.file.read_text() == "old\n"
    assert (site.file.group(), site.file.stat().st_mode & 0o777) == ("root", 0o600)


def test_without_rules_it_is_told_who_has_to_permit_what(site: Site) -> None:
    there = parse_config(site.run(fact("config_state", "yes", str(site.file))).answer)
    assert "password" in there.files[str(site.file)].fault
    ran = site.run(*site.steps()[:3])
    assert "sudo does not permit `/usr/bin/test -s" in ran.refusal
    assert "invoke render" in ran.refusal
