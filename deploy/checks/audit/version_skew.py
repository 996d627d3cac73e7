"""Two revisions that serve answer the same question differently."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.audit import MEASURED, AuditRule, Place, Scene


def look(scene: Scene) -> Iterator[Place]:
    """Places where hosts are at different revisions."""
    heads = {one.host.name: one.facts.head for one in scene.hosts if one.facts.head}
    if len(set(heads.values())) > 1:
        for name, head in heads.items():
            yield name, "revision", head[:10]


RULE = AuditRule(
    id="version_skew",
    what="hosts are at different revisions",
    why="Users see one or the other, by chance.",
    source=MEASURED,
    severity="error",
    mend="`invoke deploy` puts all of them on one",
    before="web1 3f2a9c1, web2 8b1d000",
    after="web1 3f2a9c1, web2 3f2a9c1",
    look=look,
)
