"""Files break the style rule no more than the committed numbers say, and the numbers only go down."""

from pathlib import Path

import pytest

from tests.style.ratchet import LOWER, Found, allowed, counted, lowered, too_few, too_many, written
from tests.style.rules import Violation, all_violations

ONE = {"db/hop.py": [Violation("banned-word", 3, "anew: written anew"), Violation("wall-clock", 5, "time.time")]}


@pytest.fixture(scope="module")
def today() -> Found:
    return all_violations()


def test_no_file_has_more_than_its_number(today: Found) -> None:
    told = list(too_many(today, allowed()))
    assert not told, "CONTRIBUTING.md, Style rule:\n" + "\n".join(told)


def test_no_number_is_higher_than_its_file(today: Found) -> None:
    told = list(too_few(today, allowed()))
    assert not told, f"{LOWER}:\n" + "\n".join(told)


def test_one_more_is_told_with_its_line() -> None:
    told = list(too_many(ONE, {"db/hop.py": {"wall-clock": 1}}))
    assert told == ["db/hop.py: 1 of banned-word, allowed 0", "    line 3: anew: written anew"]


def test_one_fewer_is_told() -> None:
    numbers = {"db/hop.py": {"banned-word": 2, "wall-clock": 1}, "db/gone.py": {"module-name": 1}}
    assert list(too_few(ONE, numbers)) == [
        "db/hop.py: 1 of banned-word, allowed 2",
        "db/gone.py: 0 of module-name, allowed 1",
    ]


def test_numbers_are_lowered_and_never_raised() -> None:
    numbers = {"db/hop.py": {"banned-word": 2}, "db/gone.py": {"module-name": 1}}
    lower = lowered(ONE, numbers)
    assert lower == {"db/hop.py": {"banned-word": 1}}
    assert list(too_few(ONE, lower)) == []
    assert lowered({}, lower) == {}


def test_numbers_are_read_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "allowed.toml"
    file.write_text(written(counted(ONE)), encoding="utf-8")
    assert allowed(file) == counted(ONE)
    assert allowed(tmp_path / "none.toml") == {}
