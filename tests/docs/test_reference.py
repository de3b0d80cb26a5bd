"""The generated pages of docs/reference/ are what the code says."""

import pytest

from workers.reference import settings
from workers.reference.areas import Incomplete, check_complete
from workers.reference.pages import FOLDER, pages


async def test_the_reference_is_what_the_code_says(database_dsn: str, subtests: pytest.Subtests) -> None:
    for name, text in (await pages(database_dsn)).items():
        with subtests.test(name):
            assert (FOLDER / name).read_text(encoding="utf-8") == text, "run `make docs`"


def test_every_setting_has_one_meaning() -> None:
    assert settings.undocumented() == settings.said_here()


@pytest.mark.parametrize("known", [["one"], ["one", "two", "two"], ["one", "two", "three"]])
def test_a_map_names_everything_once(known: list[str]) -> None:
    with pytest.raises(Incomplete):
        check_complete("a map", known, ["one", "two"])
