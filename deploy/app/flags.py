"""What each flag of the command line is: its default, and its line of help."""

from __future__ import annotations

from inspect import Parameter

NEEDED = Parameter.empty
"""In place of a default: it has to be given."""

FLAGS: dict[str, tuple[object, str]] = {
    "env": (NEEDED, "environment: a file in inventory/ (production, staging, lab)"),
    "limit": ("", "only these hosts or roles, separated by commas"),
    "without": ("", "leave these hosts out on purpose; status shows them as behind"),
    "revision": ("", "branch, tag or commit (default: the branch of the inventory)"),
    "dry_run": (False, "print what would be done on each host, and change nothing"),
    "force": (False, "throw away local changes on hosts (they are listed), and go on in a freeze"),
    "yes": (False, "do not ask, even where the environment is protected"),
    "output": (
        "terminal",
        "terminal (for people), json (one event or row a line) or, for what a pipeline does, github"
        " (annotations, groups, a summary); audit: sarif too",
    ),
    "junit": ("", "also write this file: JUnit XML with a case a host and step"),
    "report": ("", "also write this file in the end: the run as a page, also of one that fails"),
    "wait": ("", "wait in the queue for the lock, so long at most: 90s, 10m (default: not at all)"),
    "resume": (False, "finish or put back what the last run left when it was cut off"),
    "only_failed": (False, "only the hosts on which the last run failed, to the same revision"),
    "to": ("", "release, by its name or how it ends (default: the newest that served before)"),
    "workers": (NEEDED, "how many workers are to run on each host"),
    "out": ("build", "directory that gets a directory a host"),
    "systemctl": ("", "its path on the hosts, as /usr/bin/systemctl (default: they are asked)"),
    "check": (False, "let the real programs check a copy, as far as they are installed here"),
    "run": (None, "run, by its name, how that begins, or its record (default: the newest)"),
    "report.out": ("", "file to write (default: report-RUN.html)"),
    "live": (False, "ask the hosts how they are, as `status` does; exit 1 where one is not well"),
    "topology.out": ("", "file to write: .svg, .html, or .md for Mermaid (default: text, here)"),
    "program": ("", "only these programs, separated by commas: haproxy, redis_server, …"),
    "diff": (False, "show what changes in each file, line by line"),
    "allow": ("", "further addresses that pass, separated by commas"),
    "sample": (5, "seconds over which growth and throughput are measured"),
    "namespace": ("resque", "what node-resque's keys in redis begin with"),
    "queue": ("", "only the failed jobs of this queue"),
    "watch": (False, "look again and again, until Ctrl-C"),
    "interval": (5, "seconds from one look to the next"),
    "explain": ("", "say what a rule of the audit looks for, and why; asks no host"),
    "fail_on": ("warning", "least severity that makes the exit code 1: error, warning or notice"),
    "follow": (False, "go on with what is written from now on, until Ctrl-C"),
    "grep": ("", "only lines that this regular expression finds"),
    "since": ("", "only lines from then on: 10m, 2h, 1d ago, or an ISO 8601 time"),
    "command": (NEEDED, "command line, run by sh in the app's directory"),
    "speed": ("1", "how many times as fast as it was; 0: at once"),
    "timeout": (60, "seconds that the command may take"),
    "repository": ("", "the app's repository: a git URL, or a clone on this machine"),
    "branch": ("", "branch to deploy (default: what runs, or the repository's own)"),
    "host": ("", "hosts to look at, separated by commas: [NAME=][user@]address[:port]"),
    "path": ("", "the app's directory on the hosts, where several run there, or none yet"),
    "ssh_config": ("", "OpenSSH client configuration to use (default: ~/.ssh/config)"),
    "overwrite": (False, "replace the inventory file that is there"),
    "app": (29, "version of the app: 14, 18 or 29"),
    "root": ("", "directory of the lab"),
    "lab.topology": (
        False,
        "ActionHero 18 with haproxy, a replica, sentinels and a redis apart for the cache",
    ),
}
"""Each flag once: its default (none: it has to be given), and its line of help.

One that is a word behind the task, without a flag, and may be left out, has the default None.
"""
