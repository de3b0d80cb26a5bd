"""Every planted bug has its old text once, so that it can be planted, and tests that are there."""

from tests.each import each
from tests.paths import ROOT
from tests.planted.bug import Bug
from tests.planted_bugs import BUGS


@each("bug", BUGS)
def test_a_bug_can_be_planted(bug: Bug) -> None:
    text = (ROOT / bug.file).read_text(encoding="utf-8")
    assert text.count(bug.old) == 1
    assert bug.new != bug.old
    for tests in bug.tests.split():
        path, _, test = tests.partition("::")
        assert f"def {test}" in (ROOT / path).read_text(encoding="utf-8")


def test_there_are_sixty_bugs_and_each_breaks_a_rule_of_its_own() -> None:
    assert len({bug.rule for bug in BUGS}) == len(BUGS) == 60
