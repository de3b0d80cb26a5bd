"""Sums up pytest's table of durations by file: `pytest --durations=0 | python tests/durations.py`."""

import re
import sys
from collections.abc import Iterable

LINE = re.compile(r"([\d.]+)s (?:call|setup|teardown)\s+(\S+?)::")
SHOWN = 40


def by_file(lines: Iterable[str]) -> dict[str, float]:
    """Return the seconds of each file: calls, set-up and tear-down of its tests."""
    seconds: dict[str, float] = {}
    for line in lines:
        if found := LINE.match(line):
            seconds[found[2]] = seconds.get(found[2], 0.0) + float(found[1])
    return seconds


def main() -> None:
    """Write the longest files as rows of a Markdown table."""
    seconds = by_file(sys.stdin)
    total = sum(seconds.values())
    for name, spent in sorted(seconds.items(), key=lambda file: -file[1])[:SHOWN]:
        sys.stdout.write(f"| {name.removeprefix('tests/')} | {spent:.0f} | {spent / total:.1%} |\n")
    sys.stdout.write(f"| all | {total:.0f} | |\n")


if __name__ == "__main__":
    main()
