"""`invoke configure`, `drift` and `render` at the command line, while requests go on."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

from tests.remote.configured import TOKEN, Fleet, take_built_in_nginx
from tests.transport import sshd


def test_the_second_time_there_is_nothing_to_do(configured: Fleet) -> None:
    assert configured.comes_to("one")
    again = configured.run("configure")
    assert again.code == 0
    assert again.events("run_finished")[-1]["message"] == (
        "nothing to do: 6 files as they are to be"
    )
    assert again.events("step_started") == []
    assert configured.run("drift").code == 0


def test_a_change_goes_out_while_requests_go_on(configured: Fleet) -> None:
    configured.set(word="two")
    dry = configured.run("configure", "--dry-run", output="terminal")
    assert dry.code == 0
    assert configured.comes_to("one"), "a dry run changes nothing"
    assert f"-server {{ listen {configured.vars('web1')['listen']}; return 200 one; }}" in dry.text
    with configured.requests() as failed:
        said = configured.run("configure")
    assert said.code == 0, said.text
    assert failed == []
    assert configured.comes_to("two")
    (compared, _) = said.events("file_compared")
    assert (compared["verdict"], compared["whole"]) == ("changed +1 -1", False)
    started = [one["step"] for one in said.events("step_started") if one["host"] == "web1"]
    assert started.count("reload_site") == 1


def test_a_run_is_in_the_history_of_its_hosts(configured: Fleet) -> None:
    configured.set(word="two")
    assert configured.run("configure").code == 0
    assert configured.run("configure").code == 0, "which has nothing to do, and is not told"
    rows = [json.loads(line) for line in configured.run("history").text.splitlines()]
    told = [(row["host"], row["revision"], row["outcome"]) for row in rows]
    assert sorted(told) == [  # two runs may be of one second
        *[("web1", "configure", "done")] * 2,
        *[("web2", "configure", "done")] * 2,
    ]


def test_a_hand_edit_is_found_and_not_thrown_away(configured: Fleet) -> None:
    configured.file("web2", "server.conf").write_text("# by hand\n")
    found = configured.run("drift")
    assert found.code == 1
    (compared,) = found.events("file_compared")
    assert compared["host"] == "web2"
    assert compared["verdict"].startswith("changed by hand since 20")
    assert "+# by hand" in compared["diff"]
    refused = configured.run("configure")
    assert refused.code == 1
    assert "was changed by hand" in refused.events("host_failed")[0]["message"]
    assert "+# by hand" in refused.events("file_compared")[0]["diff"]
    assert configured.file("web2", "server.conf").read_text() == "# by hand\n"
    forced = configured.run("configure", "--force")
    assert forced.code == 0, forced.text
    assert configured.run("drift").code == 0
    old = configured.file("web2", ".deploy-files/server.conf.old")
    assert old.read_text() == "# by hand\n"


def test_a_file_broken_for_one_of_two_hosts_changes_neither(configured: Fleet) -> None:
    configured.set(word="two")
    configured.vars("web2")["broken"] = True
    with configured.requests() as failed:
        said = configured.run("configure")
    assert said.code == 1
    assert failed == []
    assert configured.comes_to("one")
    message = said.events("host_failed")[0]["message"]
    site = configured.file("web2", "site.conf")
    assert f'unknown directive "acces_log" in {site}:12' in message
    assert f"{site}:12:     acces_log off;" in message
    assert said.events("run_finished")[-1]["hosts"] == {"web1": "old", "web2": "old"}
    configured.set(word="one")
    configured.vars("web2")["broken"] = False
    assert configured.run("drift").code == 0


def test_a_file_that_is_accepted_and_not_taken_up_brings_every_host_back(
    configured: Fleet,
) -> None:
    """web1 is done when web2 finds that a port is taken: it goes back as well."""
    configured.set(word="two")
    with socket.socket() as taken:
        taken.bind((configured.servers["web2"].address, 0))
        taken.listen()
        port = taken.getsockname()[1]
        configured.vars("web2")["more"] = [f"{configured.servers['web2'].address}:{port}"]
        with configured.requests() as failed:
            said = configured.run("configure")
    assert said.code == 1, said.text
    assert failed == []
    assert "started no new worker" in said.events("host_failed")[0]["message"]
    assert configured.comes_to("one")
    assert said.events("run_finished")[-1]["hosts"] == {"web1": "old", "web2": "old"}
    assert [one["host"] for one in said.events("step_undone")] == ["web2"]
    back = [one for one in said.events("step_started") if one["stage"] == "go back"]
    assert [(one["host"], one["step"]) for one in back] == [
        ("web1", "record_files"),
        ("web1", "install_site"),
    ]
    configured.set(word="one", more=[])
    assert configured.run("drift").code == 0


def test_an_obstacle_is_told_before_anything_is_done(configured: Fleet) -> None:
    file = configured.file("web1", "token")
    file.unlink()
    file.mkdir()
    other = configured.file("web2", "server.conf")
    other.unlink()
    other.symlink_to("elsewhere")
    said = configured.run("configure", "--force")
    assert said.code == 1
    told = [one["message"] for one in said.events("host_failed")]
    assert told == [
        f"{file} is no file but a directory",
        f"{other} is a link to elsewhere",
    ]
    assert said.events("step_started") == []


def test_a_secret_is_found_in_no_output_and_no_open_file(fleet: Fleet) -> None:
    texts = [fleet.run("configure", "--diff", output="terminal").text]
    first = fleet.file("web1", "token")
    assert first.read_text() == f"{TOKEN}\n"
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    first.write_text("by hand\n")
    texts.append(fleet.run("drift").text)
    texts.append(fleet.run("configure", "--dry-run", "--force").text)
    texts += [file.read_text() for file in (fleet.root / "runs").iterdir()]
    assert len(texts) == 6
    assert not [text for text in texts if TOKEN in text]
    assert "«secret " in texts[0]
    assert "by hand\\n" not in texts[1], "what somebody put into a secret file may be one, too"
    told = [text for text in texts if "«secret " in text]
    assert len(told) > 3
    for host in fleet.servers:
        for path in (path for path in fleet.host(host).rglob("*") if path.is_file()):
            if TOKEN.encode() in path.read_bytes():
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_render_writes_the_bytes_that_configure_installs(configured: Fleet) -> None:
    said = configured.run("render", "--out", "build", "--check")
    assert said.code == 0, said.text
    for host in configured.servers:
        assert f"{host}: site: ok" in said.text
        for name in ("site.conf", "server.conf", "token"):
            installed = configured.file(host, name)
            written = Path(f"{configured.root}/build/{host}{installed}")
            assert written.read_bytes() == installed.read_bytes()
    token = Path(f"{configured.root}/build/web1{configured.file('web1', 'token')}")
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    index = configured.root / "build/index.md"
    first = index.read_text()
    assert f"| token | site | {configured.file('web2', 'token')} | 0600 | - | secret |" in first
    assert configured.run("render", "--out", "build").code == 0
    assert index.read_text() == first


def test_render_writes_the_files_of_one_program(fleet: Fleet) -> None:
    programs = fleet.inventory["hosts"]["web1"]["programs"]
    other = {"template": "token.j2", "secret": True, "destination": "/srv/other"}
    programs["other"] = {"files": {"other": other}}
    said = fleet.run("render", "--out", "build", "--program", "other")
    assert said.code == 0, said.text
    written = [path for path in (fleet.root / "build").rglob("*") if path.is_file()]
    assert written == [fleet.root / "build/web1/srv/other"], "no index, and nothing of others"
    unknown = fleet.run("render", "--program", "othr")
    assert unknown.code == 2
    assert "no host has a program 'othr'; there are: other, site" in unknown.text


def test_render_tells_what_its_check_says_and_what_is_not_here(configured: Fleet) -> None:
    configured.vars("web1")["broken"] = True
    configured.inventory["hosts"]["web2"]["programs"]["site"]["check"] = "no-such-program -t"
    said = configured.run("render", "--check")
    assert said.code == 1
    assert 'unknown directive "acces_log"' in said.text
    assert "web2: site: NOT CHECKED: there is no no-such-program on this machine" in said.text


def test_a_directory_that_is_not_the_deploy_users_is_told(fleet: Fleet) -> None:
    fleet.file("web1", "").chmod(0o555)
    said = fleet.run("configure")
    fleet.file("web1", "").chmod(0o755)
    assert said.code == 1
    told = {one["message"] for one in said.events("host_failed")}
    why = f"cannot be installed: {sshd.deploy_user()} may not write in {fleet.host('web1')}/etc"
    assert told == {
        f"{fleet.file('web1', name)} {why}" for name in ("site.conf", "server.conf", "token")
    }


def test_the_built_in_nginx_goes_the_same_way(fleet: Fleet) -> None:
    take_built_in_nginx(fleet)
    said = fleet.run("configure")
    assert said.code == 0, said.text
    assert all("502 Bad Gateway" in answer for answer in fleet.answers()), "no app stands behind it"
    with socket.socket() as taken:
        taken.bind((fleet.servers["web2"].address, 0))
        taken.listen()
        for host in fleet.inventory["hosts"].values():
            host["nginx"]["client_max_body_size"] = "7m"
        fleet.inventory["hosts"]["web2"]["nginx"]["listen"] = ":".join(
            map(str, taken.getsockname())
        )
        assert fleet.run("configure").code == 1
    assert "size 7m" not in fleet.file("web1", "n.conf").read_text()
    assert all("502 Bad Gateway" in answer for answer in fleet.answers())
    checked = fleet.run("render", "--check")
    assert checked.code == 0, checked.text
    assert "web1: nginx -t: ok" in checked.text
