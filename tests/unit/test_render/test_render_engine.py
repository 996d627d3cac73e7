"""Templates: overridden by the project, strict about what is missing, safe with any value.

A fault names template, line and key.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError, ExitCode
from deploy.render import check_nginx, render_config, render_nginx, write_files
from deploy.render.quoting import (
    RefusedValue,
    javascript_value,
    nginx_value,
    single_quoted,
    verbatim,
)

Make = Callable[..., Any]

HOSTILE = [
    "a; return 200 owned",
    'a"; return 200 owned; #',
    "a} server { listen 1",
    "a\\",
    "a'b",
    "a # b",
    "a b",
    "~^x",
    "",
    "é",
]


def test_project_overrides_a_template_of_the_same_name(make: Make, tmp_path: Path) -> None:
    write_files({"templates/nginx/proxy.j2": "# {{ vars.team }}\n"}, tmp_path)
    text = render_nginx(*make(vars={"team": "blue"}), project=tmp_path)["nginx.conf"]
    assert text.count("# blue\n") == 2
    assert "proxy_set_header Host" not in text


def test_project_is_the_working_directory(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files({"templates/actionhero/cluster/config/tasks.js.j2": "// own\n"}, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert render_config(*make())["config/tasks.js"] == "// own\n"


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("a\n{{ nginx.no_such }}\n", r"nginx/proxy.j2:2: nginx.no_such: .*no attribute 'no_such'"),
        ("{{ nobody }}\n", r"nginx/proxy.j2:1: nobody: 'nobody' is undefined"),
        ("\n\n{{ vars.team }}\n", r"nginx/proxy.j2:3: vars.team: .*no attribute 'team'"),
        ("{{ nginx.user }}\n", r"nginx/proxy.j2:1: nginx.user: the value is missing"),
        ("{{ 1 / 0 }}\n", r"nginx/proxy.j2:1: 1 / 0: division by zero"),
        ("\n{% if %}\n", r"nginx/proxy.j2:2: Expected an expression"),
        ("\n{% include 'gone.j2' %}\n", r"nginx/proxy.j2:2: statement: .*gone.j2"),
    ],
)
def test_fault_names_template_line_and_key(
    make: Make, tmp_path: Path, template: str, what: str
) -> None:
    write_files({"templates/nginx/proxy.j2": template}, tmp_path)
    with pytest.raises(DeployError) as caught:
        render_nginx(*make(), project=tmp_path)
    assert re.search(what, caught.value.message)
    assert caught.value.host == "web1"
    assert caught.value.exit_code is ExitCode.USAGE


def test_template_cannot_reach_out(make: Make, tmp_path: Path) -> None:
    write_files({"templates/nginx/proxy.j2": "{{ ''.__class__.__mro__ }}\n"}, tmp_path)
    with pytest.raises(DeployError, match="unsafe"):
        render_nginx(*make(), project=tmp_path)


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "a\x7fb", "$host", "a${b}", None, 1.5, {}])
def test_value_without_a_safe_spelling_is_refused(value: Any) -> None:
    with pytest.raises(RefusedValue):
        nginx_value(value)


@pytest.mark.parametrize("value", HOSTILE)
def test_nginx_takes_a_hostile_value_for_one_word(tmp_path: Path, value: str) -> None:
    """A map's entry takes any word; one more word or directive would be an error."""
    text = f"events {{}} http {{ map x $y {{ default {nginx_value('v' + value)}; }} }}"
    assert check_nginx({"nginx.conf": text}, tmp_path).findings == ()
    assert nginx_value("v" + value).startswith(('"v', "v"))


@pytest.mark.parametrize("path", ['/srv/it\'s "chat" {};#\\', "/srv/a b"])
def test_path_with_spaces_and_quotes_is_one_word(make: Make, tmp_path: Path, path: str) -> None:
    files = render_nginx(*make(app={"path": path}))
    assert check_nginx(files, tmp_path).findings == ()


def test_path_with_a_variable_is_refused_by_name(make: Make) -> None:
    with pytest.raises(DeployError, match=r"server: 'unix:/srv/\$host/.*holds a \$"):
        render_nginx(*make(app={"path": "/srv/$host"}))


@pytest.mark.parametrize("value", [*HOSTILE, "\u2028", "</script>", {"a": (1, True, None)}])
def test_javascript_reads_back_what_was_written(value: Any) -> None:
    script = f"process.stdout.write(JSON.stringify({javascript_value(value)}))"
    ended = subprocess.run(["node", "-e", script], capture_output=True, check=True)
    assert json.loads(ended.stdout) == json.loads(json.dumps(value))


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_javascript_refuses_what_json_does_not_know(value: Any) -> None:
    with pytest.raises(RefusedValue):
        javascript_value(value)


def test_unknown_major_is_asked_for(make: Make) -> None:
    environment, host = make(app={"actionhero": None})
    for render in (render_nginx, render_config):
        with pytest.raises(DeployError, match="major version of ActionHero in chat is not known"):
            render(environment, host)
    assert "src/config/web.ts" in render_config(environment, host, major=29)
    assert "config/servers/web.js" in render_config(environment, host, major=18)


@pytest.mark.parametrize(
    ("major", "model", "workers", "servers"),
    [
        (18, "auto", None, ["0.sock"] * 4),
        (18, "auto", 3, ["0.sock"] * 5),
        (29, "auto", 2, ["0.sock", "1.sock"] * 2),
        (29, "auto", 4, ["0.sock", "1.sock", "2.sock", "3.sock"] * 2),
        (18, "processes", 2, ["0.sock", "1.sock"] * 2),
        (29, "start cluster", 2, ["0.sock"] * 4),
    ],
)
def test_two_entries_more_than_workers(
    make: Make, major: int, model: str, workers: int | None, servers: list[str]
) -> None:
    environment, host = make(app={"actionhero": None, "process_model": model})
    text = render_nginx(environment, host, major=major, workers=workers)["nginx.conf"]
    assert re.findall(r"server unix:/srv/chat/.*/(\d\.sock) max_fails=0;", text) == servers


def test_processes_with_a_port_have_ports_in_a_row(make: Make) -> None:
    environment, host = make(app={"actionhero": 29}, listen=5001, workers=2)
    text = render_nginx(environment, host)["nginx.conf"]
    assert (
        re.findall(r"server (\S+) max_fails=0;", text) == ["127.0.0.1:5001", "127.0.0.1:5002"] * 2
    )


def test_secret_stands_in_no_file(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_TOKEN", "very-secret")
    environment, host = make(secrets={"SERVER_TOKEN": {"env": "SERVER_TOKEN"}})
    files = render_config(environment, host)
    assert 'process.env["SERVER_TOKEN"]' in files["config/api.js"]
    assert all("very-secret" not in text for text in files.values())


@pytest.mark.parametrize("major", [20, 27])
def test_configuration_that_no_template_fits_is_refused(make: Make, major: int) -> None:
    with pytest.raises(DeployError, match=f"configuration of ActionHero {major} is not rendered"):
        render_config(*make(app={"actionhero": major}))


def test_raw_socket_server_is_on_where_asked_for(make: Make) -> None:
    files = render_config(*make(actionhero={"tcp_port": 5001, "tcp_bind": "192.0.2.1"}))
    lines = [line.strip() for line in files["config/servers/socket.js"].splitlines()]
    assert {"enabled: true,", "port: 5001,", 'bindIP: "192.0.2.1",'} <= set(lines)
    assert "enabled: false," in render_config(*make())["config/servers/socket.js"]


def test_process_with_a_tcp_port_listens_on_loopback(make: Make) -> None:
    web = render_config(*make(listen=5001))["config/servers/web.js"]
    assert "const port = process.env.PORT || 5001\n" in web
    assert "=== '/' ? null : '127.0.0.1'" in web
    worker = render_config(*make(listen=5001, serves=False))["config/servers/web.js"]
    assert 'const port = "/srv/chat/.deploy/sockets/0.sock"\n' in worker


@pytest.mark.parametrize("value", ["$uri;", "$uri {", "a'b", 'a"b', "a#b", "a\nb", ("$uri", "}")])
def test_variables_are_no_way_out_of_a_directive(value: Any) -> None:
    with pytest.raises(RefusedValue):
        verbatim(value)


@pytest.mark.parametrize("value", ["a'; b", "a\\", "a\nb"])
def test_log_format_is_no_way_out_of_its_quotes(value: str) -> None:
    with pytest.raises(RefusedValue):
        single_quoted(value)


@pytest.mark.parametrize("major", [14, 18, 19, 28])
def test_the_log_is_rendered_where_it_is_asked_for_and_not_for_19(make: Make, major: int) -> None:
    def files(**knobs: Any) -> set[str]:
        return set(render_config(*make(app={"actionhero": major}, actionhero=knobs)))

    if major == 19:
        with pytest.raises(DeployError, match="the logger of ActionHero 19 is not rendered"):
            files(logger={})
    else:
        name = "src/config/logger.ts" if major == 28 else "config/logger.js"
        assert files(logger={}) - files() == {name}


def test_fault_in_a_configuration_names_the_host(make: Make, tmp_path: Path) -> None:
    name = "templates/actionhero/cluster/config/redis.js.j2"
    write_files({name: "\n{{ vars.sentinel }}\n"}, tmp_path)
    with pytest.raises(DeployError, match=r"web1: render: .*redis.js.j2:2: vars.sentinel: "):
        render_config(*make(), project=tmp_path)


def test_host_without_the_app_has_no_configuration(make: Make) -> None:
    environment, host = make()
    assert render_config(environment, host.model_copy(update={"runs_app": False})) == {}
