"""What wires, answers, documents and messages say is, to the byte, what the golden files have.

Where a change is meant, `GOLDEN=write pytest tests/golden` writes them again.
"""

import pytest

from tests.golden.groups import FILES, FOLDERS, GROUPS, compare

OF_NAMES = {"digests.json", "names.json", "openapi.json"}


@pytest.mark.parametrize("group", GROUPS)
async def test_every_example_has_the_bytes_of_its_golden_file(group: str) -> None:
    compare(group, await GROUPS[group]())


async def test_wires_are_the_same_every_time() -> None:
    assert await GROUPS["wires"]() == await GROUPS["wires"]()


def test_every_golden_file_is_of_a_group() -> None:
    folders = {name for names in FOLDERS.values() for name in names}
    assert {file.name for file in FILES.iterdir()} - folders == OF_NAMES
