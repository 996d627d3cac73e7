"""A host's programs, from the inventory to rendered files; and what is refused on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.errors import DeployError
from deploy.inventory import Environment, load_environment
from deploy.inventory.nodes import read_tree
from deploy.inventory.programs import TARGETS, target_names
from deploy.render import render_nginx
from deploy.render.engine import find_template
from deploy.render.programs import Secrets, render_programs

OWN = {
    "files": {"own.conf": {"template": "own/own.conf.j2", "destination": "/etc/own/own.conf"}},
    "check": "own -t {own.conf}",
}


def load(directory: Path, programs: dict[str, Any], **more: Any) -> Environment:
    inventory = {
        "app": {
            "name": "chat",
            "repository": "git@git:chat.git",
            "path": "/srv/chat",
            "actionhero": 29,
        },
        "programs": programs,
        "roles": {"server": {}, "worker": {"serves": False}},
        "hosts": {"web1": {"roles": ["server"]}, "jobs1": {"roles": ["worker"]}},
        **more,
    }
    (directory / "test.yml").write_text(yaml.safe_dump(inventory, sort_keys=False))
    return load_environment("test", directory)


def template(project: Path, text: str) -> None:
    file = project / "templates/own/own.conf.j2"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def render(project: Path, environment: Environment, host: str = "web1") -> dict[str, str]:
    values = {"TOKEN": "s3cr3t-value"}
    one = environment.hosts[host]
    secrets = Secrets(one.settings.secrets, values.__getitem__)
    rendered = render_programs(environment, one, secrets, project=project)
    return {file.destination: file.text for each in rendered for file in each.files}


def faults(directory: Path, programs: dict[str, Any], **more: Any) -> str:
    with pytest.raises(DeployError) as raised:
        load(directory, programs, **more)
    return "\n".join(raised.value.details)


def test_the_target_nginx_has_the_bytes_of_render_nginx(tmp_path: Path) -> None:
    environment = load(tmp_path, {"nginx": {}})
    (text,) = render(tmp_path, environment).values()
    assert text == render_nginx(environment, environment.hosts["web1"])["nginx.conf"]
    assert render(tmp_path, environment, "jobs1") == {}


@pytest.mark.parametrize("name", target_names())
def test_a_target_alone_makes_a_whole_program_of_templates_that_are_there(
    tmp_path: Path, name: str
) -> None:
    assert read_tree(TARGETS / f"{name}.yml")[1] == []
    program = load(tmp_path, {name: {}}).hosts["web1"].settings.programs[name]
    assert program.files
    for file in program.files.values():
        assert find_template(file.template).is_file()


def test_what_the_inventory_says_lies_over_the_target_and_a_host_over_all(tmp_path: Path) -> None:
    hosts = {
        "web1": {
            "roles": ["server"],
            "programs": {"nginx": {"files": {"nginx.conf": {"mode": "0640"}}}},
        }
    }
    environment = load(tmp_path, {"nginx": {"reload": "/bin/true"}}, hosts=hosts)
    program = environment.hosts["web1"].settings.programs["nginx"]
    assert program.reload == "/bin/true"
    assert program.check == "/usr/sbin/nginx -t -q -c {nginx.conf}"
    assert program.files["nginx.conf"].permissions == "0640"
    assert program.files["nginx.conf"].destination == "/etc/nginx/nginx.conf"


def test_a_program_of_ones_own_sees_hosts_knobs_and_its_own_values(tmp_path: Path) -> None:
    template(
        tmp_path,
        "{{ environment.name }} {{ host.name }} {{ layout.state }} {{ vars.word }}"
        "{% for each in hosts.values() %} {{ each.name }}={{ each.address }}{% endfor %}.\n",
    )
    environment = load(tmp_path, {"own": OWN}, vars={"word": "hello"})
    assert render(tmp_path, environment) == {
        "/etc/own/own.conf": "test web1 /srv/chat/.deploy hello web1=web1 jobs1=jobs1.\n"
    }


def test_a_program_that_is_switched_off_has_no_files(tmp_path: Path) -> None:
    assert render(tmp_path, load(tmp_path, {"nginx": {"enabled": False}})) == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"check": "own -t {own.cnf}"}, "{own.cnf} is no file of own; did you mean 'own.conf'?"),
        ({"reload": "kill $(cat x)", "sudo": True}, "absolute path and plain words"),
        ({"reload": "systemctl reload own", "sudo": True}, "absolute path and plain words"),
        ({"files": {}}, "has no files, and own is no built-in target"),
        ({"validate": "x"}, "unknown key"),
        (
            {
                "files": {
                    "a": {"template": "a.j2", "destination": "/a", "secret": True, "mode": "0644"}
                }
            },
            "mode 0644 shows it to every user",
        ),
        ({"files": {"a": {"template": "a.j2", "destination": "/etc/../a"}}}, "destination"),
    ],
)
def test_a_wrong_program_is_told_with_its_line(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    told = faults(tmp_path, {"own": {**OWN, **change}})
    assert said in told
    assert "test.yml:" in told


def test_two_files_with_one_destination_are_refused(tmp_path: Path) -> None:
    told = faults(tmp_path, {"own": OWN, "other": OWN})
    assert "'/etc/own/own.conf' on web1 is the destination of" in told


def test_a_template_error_names_template_line_and_key(tmp_path: Path) -> None:
    template(tmp_path, "one\nlisten {{ vars.port }}\n")
    with pytest.raises(DeployError) as raised:
        render(tmp_path, load(tmp_path, {"own": OWN}))
    assert "own/own.conf.j2:2: vars.port" in str(raised.value)
    assert raised.value.host == "web1"


SECRET = {"TOKEN": {"env": "TOKEN"}}


def secret_program() -> dict[str, Any]:
    return {"own": {"files": {"own.conf": {**OWN["files"]["own.conf"], "secret": True}}}}  # type: ignore[index]


def test_an_unknown_secret_is_told_with_those_that_are_declared(tmp_path: Path) -> None:
    template(tmp_path, '{{ secret("TOKAN") }}')
    with pytest.raises(DeployError, match=r"no secret 'TOKAN' is declared; there are: TOKEN"):
        render(tmp_path, load(tmp_path, secret_program(), secrets=SECRET))


def test_a_secret_goes_into_a_secret_file_only(tmp_path: Path) -> None:
    template(tmp_path, 'token={{ secret("TOKEN") }}\n')
    environment = load(tmp_path, secret_program(), secrets=SECRET)
    assert render(tmp_path, environment) == {"/etc/own/own.conf": "token=s3cr3t-value\n"}
    with pytest.raises(DeployError) as raised:
        render(tmp_path, load(tmp_path, {"own": OWN}, secrets=SECRET))
    assert "programs.own.files.own.conf.secret: true" in raised.value.hint


def test_a_secret_that_does_not_fit_is_refused_without_its_value(tmp_path: Path) -> None:
    template(tmp_path, '{{ secret("TOKEN") ~ "\\n" }}')
    with pytest.raises(DeployError) as raised:
        render(tmp_path, load(tmp_path, secret_program(), secrets=SECRET))
    assert "control character" in raised.value.message
    assert "s3cr3t" not in raised.value.message
