"""Groups of golden files, and what makes each."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from tests.golden.answers import all_answers
from tests.golden.documents import all_documents
from tests.golden.letters import all_letters
from tests.golden.messages import all_messages
from tests.golden.renames import FOLDER
from tests.golden.wires import all_wires

FILES: Final = FOLDER / "files"
Made = dict[str, bytes]
"""content by the name of the file"""


async def answers() -> Made:
    """Return what each way in makes of an answer."""
    return all_answers()


async def documents() -> Made:
    """Return what stands on documents."""
    return all_documents()


async def people() -> Made:
    """Return what people are told."""
    return all_messages() | await all_letters()


GROUPS: Final[Mapping[str, Callable[[], Awaitable[Made]]]] = {
    "wires": all_wires,
    "answers": answers,
    "documents": documents,
    "people": people,
}
FOLDERS: Final = {
    "wires": ("feed", "i4c", "iso20022", "letters", "messages", "police", "push"),
    **{group: (group,) for group in ("answers", "documents", "people", "evidence")},
}


def golden(group: str) -> Made:
    """Return the golden files of a group as they are kept."""
    found = [file for folder in FOLDERS[group] for file in (FILES / folder).glob("*") if file.is_file()]
    return {file.relative_to(FILES).as_posix(): file.read_bytes() for file in found}


def compare(group: str, made: Made) -> None:
    """Assert that a group is as it is kept; with `GOLDEN=write` keep it as it is now."""
    kept = golden(group)
    if os.environ.get("GOLDEN") == "write":
        _write(kept, made)
        return
    assert sorted(made) == sorted(kept)
    different = [name for name, content in made.items() if content != kept[name]]
    assert {name: made[name].decode() for name in different} == {name: kept[name].decode() for name in different}


def _write(kept: Made, made: Made) -> None:
    for name in kept.keys() - made.keys():
        (FILES / name).unlink()
    for name, content in made.items():
        (FILES / name).parent.mkdir(exist_ok=True)
        (FILES / name).write_bytes(content)
