"""Files for a host, made from templates/ and the inventory, and the checks that prove them.

Rendering only reads templates; what is written or run is in write_files and the two checks.
"""

from __future__ import annotations

from deploy.render.actionhero import render_config
from deploy.render.checks import Report, check_gixy, check_nginx, write_files
from deploy.render.nginx import render_nginx
from deploy.render.units import render_units

__all__ = [
    "Report",
    "check_gixy",
    "check_nginx",
    "render_config",
    "render_nginx",
    "render_units",
    "write_files",
]
