"""What an inventory says of the audit: which findings are known, and why they may stay."""

from __future__ import annotations

from deploy.inventory.application import Model
from deploy.inventory.values import Line, Name


class Suppression(Model):
    """One rule that is not told of, for a reason."""

    rule: Name
    """Id of the rule, as `invoke audit` shows it."""
    reason: Line
    """Why it may stay so; the report shows it."""
    hosts: tuple[Name, ...] = ()
    """Only on these hosts; none: everywhere."""


class Audit(Model):
    """What `invoke audit` is to know."""

    suppress: tuple[Suppression, ...] = ()
    """Findings that are known, each with a reason."""
