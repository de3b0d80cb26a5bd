"""The number of violations that each file may still have. `python -m tests.style.ratchet` lowers the numbers."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.style.rules import Violation, all_violations

FILE: Final = Path(__file__).with_name("allowed.toml")
LOWER: Final = "run `python -m tests.style.ratchet` to lower the numbers"
SHOWN_MAX: Final = 8
Numbers = dict[str, dict[str, int]]
Found = Mapping[str, list[Violation]]

HEAD: Final = "# Violations of the style rule that stand, by file and rule. The numbers only go down.\n"


def allowed(file: Path = FILE) -> Numbers:
    """Return the committed numbers."""
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def counted(found: Found) -> Numbers:
    """Return how many violations each file has of each rule."""
    return {name: dict(Counter(one.rule for one in violations)) for name, violations in found.items()}


def too_many(found: Found, numbers: Numbers) -> Iterator[str]:
    """Return a line for each file and rule with more violations than its number, and the violations."""
    for name, rules in counted(found).items():
        for rule, count in rules.items():
            most = numbers.get(name, {}).get(rule, 0)
            if count > most:
                yield f"{name}: {count} of {rule}, allowed {most}"
                yield from [f"    line {one.line}: {one.text}" for one in found[name] if one.rule == rule][:SHOWN_MAX]


def too_few(found: Found, numbers: Numbers) -> Iterator[str]:
    """Return a line for each number that is higher than what the file has."""
    have = counted(found)
    for name, rules in numbers.items():
        for rule, most in rules.items():
            count = have.get(name, {}).get(rule, 0)
            if count < most:
                yield f"{name}: {count} of {rule}, allowed {most}"


def lowered(found: Found, numbers: Numbers) -> Numbers:
    """Return the numbers, each no higher than what its file has; none is raised or added."""
    have = counted(found)
    lower = {
        name: {rule: min(most, have.get(name, {}).get(rule, 0)) for rule, most in rules.items()}
        for name, rules in numbers.items()
    }
    kept = {name: {rule: count for rule, count in rules.items() if count} for name, rules in lower.items()}
    return {name: rules for name, rules in kept.items() if rules}


def written(numbers: Numbers) -> str:
    """Return the numbers as the file has them."""
    tables = [
        f'\n["{name}"]\n' + "".join(f"{rule} = {count}\n" for rule, count in sorted(rules.items()))
        for name, rules in sorted(numbers.items())
    ]
    return HEAD + "".join(tables)


if __name__ == "__main__":
    now = all_violations()
    FILE.write_text(written(lowered(now, allowed()) if FILE.exists() else counted(now)), encoding="utf-8")
