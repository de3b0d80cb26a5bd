"""The pages that `make docs` makes: each is made, leads somewhere, and stands in the list of docs/reference."""

import re

import pytest

from tests.docs.pages import LINK, anchors_in, prose_of
from tests.docs.test_links import lacking
from tests.docs.test_named import missing_paths
from tests.paths import ROOT
from tests.style.rules import page_violations
from workers.reference import settings
from workers.reference.pages import FOLDER, NAMES, pages
from workers.reference.table_modules import Incomplete, check_complete

LIST = (ROOT / "docs" / "reference" / "README.md").read_text(encoding="utf-8")


async def test_every_page_is_made_and_leads_somewhere(database_dsn: str, subtests: pytest.Subtests) -> None:
    made = await pages(database_dsn)
    assert sorted(made) == sorted(NAMES)
    known = {FOLDER / name: anchors_in(prose_of(text)) for name, text in made.items()}
    for name, text in made.items():
        with subtests.test(name):
            assert [link for link in LINK.findall(prose_of(text)) if lacking(FOLDER / name, link, known)] == []
            assert missing_paths(text) == set()
            assert page_violations(text) == []


def test_the_list_has_every_page_that_is_made() -> None:
    assert re.findall(r'^\| <a id="(\w+)"></a>\[(\w+)\.md\]', LIST, re.MULTILINE) == [
        (name.removesuffix(".md"),) * 2 for name in NAMES
    ]


def test_every_setting_has_one_meaning() -> None:
    assert settings.undocumented() == settings.said_here()


@pytest.mark.parametrize("known", [["one"], ["one", "two", "two"], ["one", "two", "three"]])
def test_a_map_names_everything_once(known: list[str]) -> None:
    with pytest.raises(Incomplete):
        check_complete("a map", known, ["one", "two"])
