"""The commands that draw pages and pictures; tasks.py has all others."""

from __future__ import annotations

from invoking import command, end


@command("run", "report.out", name="report")
def report(run: str | None, out: str) -> None:
    """Write a page of a run: timeline, plan, commits, files, traffic around the switch."""
    end("report", "reporting", run or "", out)


@command("env", "live", "topology.out", "limit", name="topology")
def topology(live: bool, out: str, **flags: object) -> None:
    """Draw an environment: balancer, servers, workers, redis; with --live, how each is now."""
    end("topology", "drawing", live, out, **flags)
