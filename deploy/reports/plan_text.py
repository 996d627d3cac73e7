"""A plan as text for `--dry-run`: the exact verb calls a host, in the order they would run."""

from __future__ import annotations

from deploy.plan import Plan


def plan_text(plan: Plan) -> str:
    """The whole plan; secrets are masked."""
    what = " ".join(filter(None, (plan.strategy, plan.revision)))
    lines = [f"plan {plan.fingerprint}: {what} to {plan.environment}"]
    for stage in plan.stages:
        for number, batch in enumerate(stage.batches, 1):
            of = f" (batch {number} of {len(stage.batches)})" if len(stage.batches) > 1 else ""
            lines.append(f"── {stage.name}{of}")
            for steps in batch.hosts:
                lines.append(f"  {steps.host or 'the machine that deploys'}")
                for step in steps.steps:
                    lines.append(f"    {step.call}")
                    if step.undo:
                        lines.append(f"      undo: {step.undo}")
    return "\n".join(lines)
