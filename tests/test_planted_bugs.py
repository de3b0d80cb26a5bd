"""A handful of the planted bugs, other ones at each commit: the tests that they name catch them."""

import os
from pathlib import Path

import pytest

from tests import planted_bugs
from tests.planted_bugs import BUGS, catches, copied, drawn, failing

LIMIT_SECONDS = 300.0
"""time for the tests of one bug: many times what they take, because the machine may be busy"""


@pytest.mark.world
@pytest.mark.timeout(1500)
def test_the_bugs_that_are_drawn_for_these_sources_are_caught() -> None:
    numbers = drawn()
    again = f"run: python tests/planted_bugs.py {' '.join(map(str, numbers))}"
    missed, unknown = list[str](), list[str]()
    with copied() as checkout:
        for number in numbers:
            outcome = catches(checkout, BUGS[number - 1], LIMIT_SECONDS)
            if not outcome.is_caught:
                bug = f"{number} ({BUGS[number - 1].rule}): {outcome.line}"
                (missed if outcome.did_run else unknown).append(bug)
    assert not unknown, f"tests did not run; {again}"
    assert not missed, f"tests missed the bugs; {again}"


def test_a_draw_is_the_same_for_the_same_sources_and_another_after_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = []
    for commit in (b"", b"", b"1", b"2", b"3"):
        monkeypatch.setattr(planted_bugs, "_commit", lambda commit=commit: commit)
        draws.append(tuple(drawn()))
    assert draws[0] == draws[1]
    assert len(set(draws)) > 2
    assert all(BUGS[number - 1].is_drawn for draw in draws for number in draw)


def test_tests_that_pass_fail_or_do_not_run_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "test_it.py").write_text(
        "import os, time, pytest\n"
        "def test_passes(): assert 'PYTEST_XDIST_WORKER' not in os.environ\n"
        "def test_fails(): assert False\n"
        "@pytest.fixture\ndef broken(): raise OSError\n"
        "def test_has_no_server(broken): pass\n"
        "def test_hangs(): time.sleep(600)\n"
    )
    ended = {
        name: failing(tmp_path, f"test_it.py::test_{name}", 60.0)
        for name in ("passes", "fails", "has_no_server", "is_not_there")
    }
    assert {name: (outcome.did_run, outcome.is_caught) for name, outcome in ended.items()} == {
        "passes": (True, False),
        "fails": (True, True),
        "has_no_server": (False, False),
        "is_not_there": (False, False),
    }
    hung = failing(tmp_path, "test_it.py::test_hangs", 3.0)
    assert (hung.did_run, hung.line) == (False, "no end after 3 s")
    assert os.environ.get("PYTEST_CURRENT_TEST"), "the environment around it stays"
