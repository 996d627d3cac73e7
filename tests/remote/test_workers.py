"""What `workers: auto` comes to, by CPUs and memory, and the words for it; in dash and busybox."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "deploy/remote/workers.sh"
SCRIPT = """. "$1"; cpus=$2; nproc() { echo "$cpus"; }; machine_memory() { echo 2097152; }
weigh_workers "$3"; printf "%s\\n%s" "$_count" "$_why" """
CASES = {
    (1, "auto"): (2, "1 CPUs, and at least 2"),
    (8, "auto"): (7, "8 CPUs less one"),
    (8, "auto:4:"): (3, "4 CPUs as declared less one"),
    (8, "auto::307200"): (5, "memory: 3/4 of 2048 MB hold 5 of 300 MB"),
    (8, "auto:3:307200"): (2, "3 CPUs as declared, and at least 2"),
    (8, "auto::9999999"): (1, "memory: 3/4 of 2048 MB hold 1 of 9765 MB"),
}


@pytest.mark.parametrize("shell", ["dash", "busybox sh"])
@pytest.mark.parametrize(("cpus", "asked"), CASES)
def test_workers_are_bounded_by_cpus_and_memory(shell: str, cpus: int, asked: str) -> None:
    words = [*shell.split(), "-euc", SCRIPT, "sh", str(LIBRARY), str(cpus), asked]
    count, why = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split(
        "\n", 1
    )
    assert (int(count), why.strip()) == CASES[cpus, asked]


def test_the_memory_of_the_machine_is_told() -> None:
    words = ["dash", "-euc", '. "$1"; machine_memory', "sh", str(LIBRARY)]
    told = int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines())
    assert 0 < told <= int(total.split()[1])
