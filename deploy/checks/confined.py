"""What keeps nginx's service from files that its user could read."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from deploy.checks import Problem, Rule, Subject
from deploy.inventory.layout import releases_layout

HIDING = ("yes", "tmpfs")
"""Values of ProtectHome= that hide the files; through `read-only` sockets can be connected to."""
_UNPROTECT = (
    "sudo mkdir -p /etc/systemd/system/nginx.service.d && "
    "printf '[Service]\\nProtectHome=read-only\\n' | "
    "sudo tee /etc/systemd/system/nginx.service.d/home.conf && "
    "sudo systemctl daemon-reload && sudo systemctl restart nginx"
)


def look(subject: Subject) -> Iterator[Problem]:
    """Neither SELinux nor ProtectHome stands between nginx and the app."""
    overlap = subject.facts.overlap
    if not overlap or not subject.host.serves:
        return
    if overlap.protect_home in HIDING:
        yield (
            "error",
            f"nginx's unit has ProtectHome={overlap.protect_home}, and the app lives below it",
            f"{_UNPROTECT}; or move the app: `path`",
        )
    if overlap.selinux:
        sockets = releases_layout(subject.environment, subject.host).sockets_dir
        label = shlex.quote(f"{sockets}(/.*)?")
        yield (
            "warning",
            "SELinux is enforcing: nginx may not connect to the app's sockets",
            f"sudo semanage fcontext -a -t httpd_var_run_t {label} && "
            f"sudo restorecon -R {shlex.quote(sockets)}; what is still denied: "
            "sudo ausearch -m avc -c nginx",
        )


RULE = Rule("confined", "nginx would answer 502 although every mode is right.", look)
