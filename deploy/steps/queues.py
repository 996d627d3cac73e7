"""Steps that mend node-resque's queues: stuck jobs put back, failed ones tried again or cleared.

The verbs are in deploy/remote/queues.sh; nothing undoes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from deploy.facts.queues import Worker
from deploy.plan import Step
from deploy.shell import Call, Secret, call
from deploy.steps.register import Place


def describe_queues(place: Place) -> Call:
    """Where the scripts of a host find redis; goes before every verb of queues.sh."""
    return call("describe_queues", Secret("redis", json.dumps(place)))


def release_claim(namespace: str, worker: Worker) -> Step:
    """The job of a worker that is no more is the next of its queue; reports `released`.

    Raises ValueError for a worker that claims nothing.
    """
    if worker.claim is None:
        raise ValueError(worker.entry)
    claim = Secret("claim", worker.claim.text)  # a job's arguments are nobody's business
    return Step(
        f"release {worker.host}:{worker.pid}",
        f"put {worker.claim.task} back into {worker.claim.queue}",
        call("release_claim", namespace, worker.entry, claim),
    )


def retry_failed(namespace: str, queue: str) -> Step:
    """All that failed, or what failed of one queue, goes to the end of its queue; `retried`."""
    what = f"failed jobs of {queue}" if queue else "all failed jobs"
    return Step("retry_failed", f"try {what} again", call("retry_failed", namespace, queue))


def clear_failed(namespace: str, failures: Sequence[str]) -> Step:
    """These oldest failures, as they were saved, are gone; reports `cleared`."""
    marks = "".join(
        hashlib.sha1(one.encode(), usedforsecurity=False).hexdigest() for one in failures
    )
    mark = hashlib.sha1(marks.encode(), usedforsecurity=False).hexdigest()
    title = f"clear {len(failures)} saved failures"
    return Step("clear_failed", title, call("clear_failed", namespace, len(failures), mark))
