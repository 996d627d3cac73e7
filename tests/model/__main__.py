"""`python -m tests.model` explores the fleet's decision, and prints how many states it has.
`python -m tests.model RULE…` tells what happens without a rule."""

import sys

from tests.model.explore import Explorer, Outcome
from tests.model.moves import Setting
from tests.model.settings import BEYOND, COUNTEREXAMPLES, IN_THE_TESTS, without


def row(setting: Setting, outcome: Outcome) -> str:
    """A line of the table."""
    size = f"{setting.hosts:5} | {setting.runs:7} | {setting.faults:6}"
    found = outcome.broken or "clean"
    return f"| {size} | {outcome.states:9,} | {outcome.seconds:7.1f} | {found} |"


def print_table() -> bool:
    """Explore each setting; whether all promises were kept."""
    print("| hosts | deploys | faults |    states | seconds | found |")
    print("| ----- | ------- | ------ | --------- | ------- | ----- |")
    clean = True
    for setting in (*IN_THE_TESTS, *BEYOND):
        outcome = Explorer(setting).explore()
        print(row(setting, outcome), flush=True)
        print(*outcome.story, sep="\n", end="\n" if outcome.story else "")
        clean = clean and not outcome.broken
    return clean


def print_stories(rules: list[str]) -> bool:
    """Tell what happens without each rule; whether all are known."""
    for rule in rules:
        if rule not in COUNTEREXAMPLES:
            print(f"{rule}: no such rule; there are {', '.join(COUNTEREXAMPLES)}", file=sys.stderr)
            return False
        print(f"Without {rule}:", *Explorer(without(rule)).explore().story, sep="\n")
    return True


if __name__ == "__main__":
    done = print_stories(sys.argv[1:]) if sys.argv[1:] else print_table()
    sys.exit(0 if done else 1)
