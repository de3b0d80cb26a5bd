"""Every planted bug has its old text once, so that `make deep` can plant it, and tests that are there."""

from tests.each import each
from tests.paths import ROOT
from tests.planted_bugs import BUGS, Bug


@each("bug", BUGS)
def test_a_bug_can_be_planted(bug: Bug) -> None:
    text = (ROOT / bug.file).read_text(encoding="utf-8")
    assert text.count(bug.old) == 1
    assert bug.new != bug.old
    for tests in bug.tests.split():
        assert (ROOT / tests).exists()
