"""`invoke topology`: the picture of an environment, by its inventory, and as it is now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.app import Flags, load_all
from deploy.app.looking import ask_hosts
from deploy.errors import DeployError, ExitCode
from deploy.facts.host import fact_lines, read_facts
from deploy.inventory import Environment, Host, layout_for
from deploy.render.engine import render_page
from deploy.reports.topology import (
    PAGE,
    TEMPLATE,
    Graph,
    Health,
    lay_out,
    make_graph,
    mermaid,
    tree,
)
from deploy.shell import Line

_WRONG = ("ill", "lost")


def topology(live: bool, out: str, flags: Flags) -> ExitCode:
    """Draw an environment; with `live`, exit 1 where a host is not well."""
    draw = _writer(out)
    environment, hosts = load_all(flags)
    health = look(environment, hosts) if live else None
    text = draw(make_graph(environment, health))
    if out:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_text(text, encoding="utf-8")
        print(out)
    else:
        print(text)
    is_wrong = any(one.state in _WRONG for one in (health or {}).values())
    return ExitCode.FAILED if is_wrong else ExitCode.DONE


def look(environment: Environment, hosts: Sequence[Host]) -> dict[str, Health]:
    """Every host's health by what `status` asks; of hosts without the app: do they let us in?"""

    def lines(host: Host) -> Sequence[Line]:
        return fact_lines(layout_for(environment, host)) if host.runs_app else ()

    answers, errors = ask_hosts(environment, hosts, lines)
    health = {name: Health("lost", error.message) for name, error in errors.items()}
    for host in (one for one in hosts if one.name in answers):
        if not host.runs_app:
            health[host.name] = Health("reached")
            continue
        facts = read_facts(host.name, answers[host.name])
        why = facts.objection
        health[host.name] = Health("ill", why) if why else Health("well")
    return health


def svg(graph: Graph) -> str:
    """The picture alone."""
    return render_page(TEMPLATE, {"picture": lay_out(graph)})


def html(graph: Graph) -> str:
    """The picture on a page, with the same as a list."""
    return render_page(PAGE, {"picture": lay_out(graph)})


_WRITERS = {".svg": svg, ".html": html, ".md": mermaid, "": tree}
"""By how the name of the file ends; without a file, for the terminal."""


def _writer(out: str) -> Callable[[Graph], str]:
    suffix = Path(out).suffix if out else ""
    if suffix not in _WRITERS or (out and not suffix):
        raise DeployError(
            f"--out {out}: nothing is known of files that end so",
            step="topology",
            hint=f"one of {', '.join(one for one in _WRITERS if one)}",
            exit_code=ExitCode.USAGE,
        )
    return _WRITERS[suffix]
