"""Writes docs/audit.md from the rules: `python -m deploy.checks.audit.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploy.checks.audit import SEVERITIES, AuditRule
from deploy.checks.audit.rules import RULES

PAGE = Path(__file__).parents[3] / "docs" / "audit.md"
_INTRODUCTION = """\
# Audit: is this production as it should be?

*Made from the rules by `python -m deploy.checks.audit.reference`; change those, not this page.*

    invoke audit --env production
    invoke audit --env production --explain nginx_max_fails
    invoke audit --env production --output sarif > audit.sarif

Every rule looks at what the hosts, their redis and the inventory say; nothing is changed. A finding
names the host, the place and the value. `check` asks whether a deploy could go now; `audit` asks
whether all is as ActionHero's Production Notes, the manuals and our own measurements want it.

- **Exit code** 1 when there is a finding at least as grave as `--fail-on` (`error`, `warning`,
  `notice`; default `warning`), or a host that could not be asked; else 0.
- **Output**: `terminal`, `json` (a finding a line), `sarif` (2.1.0, for code scanning), `github`
  (annotations of the run).
- **What is known and may stay** goes into the inventory, with a reason, and is told apart:

      audit:
        suppress:
          - {rule: no_balancer, reason: the cloud's balancer is in front}
          - {rule: redis_limit, hosts: [web1], reason: a machine of its own}

**What is not ours to see:** that params of actions are strings, that input is made safe, that an
action is restricted to a kind of server, that CPU-heavy work is in a task, that a CDN is in front:
no host, file or key tells it. Configuration is read as text: what
the app computes is not known. What the deploy user may not read (nginx's files, another user's
processes) is not judged, and not told.
"""


def page() -> str:
    """The page, as Markdown."""
    return _INTRODUCTION + "\n" + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f"## The {len(RULES)} rules"
    yield "| rule | severity | finds |"
    yield "|---|---|---|"
    ordered = sorted(RULES, key=lambda rule: (-SEVERITIES.index(rule.severity), rule.id))
    for rule in ordered:
        yield f"| [`{rule.id}`](#{rule.id}) | {rule.severity} | {rule.what} |"
    for rule in ordered:
        yield from _section(rule)


def _section(rule: AuditRule) -> Iterator[str]:
    yield f"\n### `{rule.id}`"
    yield f"{rule.what[0].upper()}{rule.what[1:]}. {rule.why} Source: {rule.source}."
    yield f"\nMend: {rule.mend}.\n"
    yield from (f"    {line}" for line in rule.before.splitlines())
    yield "\nbecomes\n"
    yield from (f"    {line}" for line in rule.after.splitlines())


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
