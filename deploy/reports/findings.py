"""Findings of an audit: for a person, as JSON lines, as SARIF 2.1.0, as annotations of GitHub."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from deploy.checks.audit import AuditRule, Found, count_severities
from deploy.reports.tables import print_table
from deploy.reports.workflow import command

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "notice": "note"}


def explain_rule(rule: AuditRule) -> str:
    """All that is known of a rule, for a person."""
    return "\n".join(
        [
            f"{rule.id} ({rule.severity}): {rule.what}",
            "",
            f"Why: {rule.why}",
            f"Source: {rule.source}",
            f"Mend: {rule.mend}",
            "",
            "Before:",
            *(f"    {line}" for line in rule.before.splitlines()),
            "After:",
            *(f"    {line}" for line in rule.after.splitlines()),
        ]
    )


def print_findings(
    found: Sequence[Found],
    suppressed: Sequence[tuple[Found, str]],
    rules: Sequence[AuditRule],
    source: str,
    output: str,
) -> None:
    """Print what was found; `suppressed` come with their reasons, `source` is the inventory."""
    OUTPUTS[output](found, suppressed, rules, source)


def _terminal(
    found: Sequence[Found],
    suppressed: Sequence[tuple[Found, str]],
    rules: Sequence[AuditRule],
    _source: str,
) -> None:
    if found:
        rows = [[f.rule.severity, f.rule.id, f.host or "-", f.place, f.value] for f in found]
        print_table(("severity", "rule", "host", "place", "value"), rows, "terminal")
        print()
    for rule in dict.fromkeys(one.rule for one in found):
        print(f"{rule.id}: {rule.what}\n  → {rule.mend}")
    for one, reason in suppressed:
        print(f"suppressed: {one.rule.id} {one.host}: {reason}")
    counts = ", ".join(f"{count} {name}s" for name, count in count_severities(found).items())
    print(f"{len(rules)} rules: {counts}, {len(suppressed)} suppressed; --explain RULE says why")


def _json(
    found: Sequence[Found],
    suppressed: Sequence[tuple[Found, str]],
    _rules: Sequence[AuditRule],
    _source: str,
) -> None:
    for one, reason in [*((one, "") for one in found), *suppressed]:
        row = {
            "rule": one.rule.id,
            "severity": one.rule.severity,
            "host": one.host,
            "place": one.place,
            "value": one.value,
            "what": one.rule.what,
            "mend": one.rule.mend,
            "suppressed": reason,
        }
        print(json.dumps(row, ensure_ascii=False))


def _sarif(
    found: Sequence[Found],
    suppressed: Sequence[tuple[Found, str]],
    rules: Sequence[AuditRule],
    source: str,
) -> None:
    results = [_result(one, "", source) for one in found]
    results += [_result(one, reason, source) for one, reason in suppressed]
    driver = {"name": "actionhero-deploy", "rules": [_sarif_rule(rule) for rule in rules]}
    run = {"tool": {"driver": driver}, "results": results}
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    print(json.dumps(document, indent=2, ensure_ascii=False))


def _sarif_rule(rule: AuditRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.mend}\nSource: {rule.source}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(one: Found, reason: str, source: str) -> dict[str, Any]:
    """GitHub shows only what has a place in the repository: that is the inventory."""
    name = f"{one.host}/{one.place}" if one.host else one.place
    result: dict[str, Any] = {
        "ruleId": one.rule.id,
        "level": _LEVELS[one.rule.severity],
        "message": {"text": f"{one.rule.what}: {name}: {one.value}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": source},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": name}],
            }
        ],
        "partialFingerprints": {"place/v1": f"{one.rule.id}:{name}"},
    }
    if reason:
        result["suppressions"] = [{"kind": "external", "justification": reason}]
    return result


def _github(
    found: Sequence[Found],
    _suppressed: Sequence[tuple[Found, str]],
    _rules: Sequence[AuditRule],
    source: str,
) -> None:
    for one in found:
        where = f"{one.host}: " if one.host else ""
        text = f"{where}{one.message}\n{one.rule.what}. {one.rule.mend}"
        title = f"{one.rule.id} {one.host}".strip()
        print(command(one.rule.severity, text, file=source, title=title))


Output = Callable[
    [Sequence[Found], Sequence[tuple[Found, str]], Sequence[AuditRule], str],
    None,
]
OUTPUTS: dict[str, Output] = {
    "terminal": _terminal,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
}
"""By the word of --output."""
