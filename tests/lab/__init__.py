"""The lab: real hosts on the loopback to deploy to, for the demo, the tests and the benchmarks.

`Lab().up()` makes it; see lab.py.
"""

from tests.lab.lab import Lab
from tests.lab.processes import Process
from tests.lab.site import Site
from tests.lab.web import Load, Response

__all__ = ["Lab", "Load", "Process", "Response", "Site"]
