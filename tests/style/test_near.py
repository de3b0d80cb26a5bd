"""`make test-near` chooses the test files that a change reaches, and every one where nothing says what it reaches."""

import pytest

from tests.near import Near, Unsure

NEAR = Near()
RULE = "tests.domain.recovery.test_allocation"
PICTURE = "tests.documents.test_trail_picture"
READS = "tests.style.test_rules"


@pytest.mark.parametrize(
    ("changed", "inside", "outside"),
    [
        ("domain/recovery/allocation.py", {RULE, "tests.api.test_doors", READS}, {"tests.simulator.world.test_day"}),
        ("tests/domain/recovery/test_allocation.py", {RULE, READS}, {PICTURE, "tests.api.test_doors"}),
        ("tests/each.py", {"tests.domain.test_rules"}, {"tests.activities.banks.test_bodies"}),
        ("tests/api/conftest.py", {"tests.api.people.test_public_pages"}, {RULE, "tests.db.test_paging"}),
        ("db/migrations/9999_new.sql", {"tests.db.test_schema", "tests.api.test_doors"}, {RULE}),
        ("api/templates/inbox/new.html", {"tests.api.gateway.test_inbox"}, {RULE, "tests.db.test_schema"}),
        ("benchmarks/day.py", {"tests.benchmarks.test_shares"}, {RULE, "tests.api.test_doors"}),
        ("console/src/app/new.tsx", {"tests.browser.test_call"}, {RULE, "tests.api.test_doors"}),
        ("deploy/nginx.conf", {"tests.deploy.test_nginx_locations"}, {RULE, "tests.api.test_doors"}),
        ("docs/architecture.md", {"tests.docs.test_named", READS}, {RULE, "tests.api.test_doors"}),
        ("tests/domain/test_gone.py", {READS}, {RULE}),
    ],
)
def test_a_change_reaches_what_imports_it(changed: str, inside: set[str], outside: set[str]) -> None:
    reached = NEAR.reached([changed])
    assert (inside - reached, outside & reached) == (set(), set())
    assert inside | outside <= NEAR.tests


@pytest.mark.parametrize("changed", ["pyproject.toml", "requirements/dev.txt", "domain/gone.py", "tests/server.py"])
def test_a_change_that_may_reach_all_is_named(changed: str) -> None:
    with pytest.raises(Unsure, match=changed.removesuffix(".py").replace("/", ".")):
        NEAR.reached(["docs/architecture.md", changed])
