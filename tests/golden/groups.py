"""Groups of golden files, and what makes each. `python -m tests.golden.groups` writes those without a database."""

import asyncio
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


def write(group: str, made: Made) -> None:
    """Write the files of a group again, and remove those that are made no more."""
    for name in golden(group).keys() - made.keys():
        (FILES / name).unlink()
    for name, content in made.items():
        (FILES / name).parent.mkdir(exist_ok=True)
        (FILES / name).write_bytes(content)


async def _write_all() -> None:
    for group, make in GROUPS.items():
        write(group, await make())


if __name__ == "__main__":
    asyncio.run(_write_all())
