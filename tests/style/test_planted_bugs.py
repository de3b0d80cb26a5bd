"""Every planted bug has its old text once, so that `make deep` can plant it, and tests that are there."""

import pytest

from tests.paths import ROOT
from tests.planted_bugs import BUGS, Bug


@pytest.mark.parametrize("bug", BUGS, ids=[bug.rule for bug in BUGS])
def test_a_bug_can_be_planted(bug: Bug) -> None:
    text = (ROOT / bug.file).read_text(encoding="utf-8")
    assert text.count(bug.old) == 1
    assert bug.new != bug.old
    for tests in bug.tests.split():
        assert (ROOT / tests).exists()
