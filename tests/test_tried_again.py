"""A test that fails once is run again alone; one that fails twice, and many that fail, fail the run."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.each import each
from tests.tried_again import UNSTABLE_MAX, main

ONE = ["tests/a/test_b.py::test_c[d - e]"]
MANY = [f"tests/a/test_b.py::test_c[{number}]" for number in range(UNSTABLE_MAX + 1)]


@each(
    ("failed", "codes", "result", "unstable"),
    [
        ([], [0], 0, 0),
        (ONE, [1, 0], 0, 1),
        (ONE, [1, 1], 1, 0),
        (MANY[1:], [1, 0], 0, UNSTABLE_MAX),
        (MANY, [1], 1, 0),
        ([], [2], 2, 0),
        ([], [1], 1, 0),
    ],
)
def test_what_failed_is_run_again_alone(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    failed: list[str],
    codes: list[int],
    result: int,
    unstable: int,
) -> None:
    kept, runs = tmp_path / "lastfailed", []
    kept.write_text(json.dumps({"of an earlier run": True}))

    def run(arguments: Sequence[str]) -> int:
        runs.append(list(arguments))
        if failed:
            kept.write_text(json.dumps(dict.fromkeys(failed, True)))
        return codes[len(runs) - 1]

    assert main(["-n", "2"], run, kept) == result
    assert runs == [["-m", "tests.forked_pytest", "-n", "2"], ["-m", "pytest", "-n0", "-q", *failed]][: len(codes)]
    assert capsys.readouterr().out.count("== unstable: ") == unstable
