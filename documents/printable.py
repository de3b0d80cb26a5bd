"""Text from outside as a paper may show it: every character is seen, in the order in which it was written."""

import struct
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

import fontpkg_noto_sans

FONTS: Final = Path(fontpkg_noto_sans.__file__).parent / "files"
_REGULAR: Final = FONTS / "NotoSans[wdth,wght].ttf"
_LONGEST_RUN: Final = 70
"""characters without a place to break a line: a SHA-256 and what stands around it stay whole"""
_BREAK: Final = "\u200b"
_VIRAMA: Final = "\u094d"
_JOINERS: Final = frozenset("\u200c\u200d")
"""they choose the form of a conjunct, and show nothing themselves"""
_FULL_UNICODE: Final = 12
"""the format of the table in a font that has every character of it"""


@cache
def _drawn() -> frozenset[int]:
    """The characters that the font can draw, by the table in its file."""
    data = _REGULAR.read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    records = (struct.unpack_from(">4sIII", data, 12 + 16 * index) for index in range(tables))
    start = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, start + 2)
    found: set[int] = set()
    for index in range(count):
        place = start + struct.unpack_from(">I", data, start + 4 + 8 * index + 4)[0]
        if struct.unpack_from(">H", data, place)[0] != _FULL_UNICODE:
            continue
        (groups,) = struct.unpack_from(">I", data, place + 12)
        for group in range(groups):
            first, last, _ = struct.unpack_from(">III", data, place + 16 + 12 * group)
            found.update(range(first, last + 1))
    return frozenset(found)


def plain(text: str) -> str:
    """`text` as a paper shows it.

    White space is a space. Marks that turn the direction of writing are left out: they would show something else than
    what was said. A character that the font cannot draw stands as its number, <1F600>. A long run can be broken.
    """
    composed = unicodedata.normalize("NFC", text)
    return _breakable("".join(_shown(character) for character in composed).strip())


def _shown(character: str) -> str:
    if character.isspace():
        return " "
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category in {"Cc", "Cf"}:
        return ""
    if ord(character) in _drawn():
        return character
    return f"<{ord(character):X}>"


def _breakable(text: str) -> str:
    """`text` with places to break in whatever has none for too long; never between a letter and its marks."""
    pieces: list[str] = []
    run = 0
    for character in text:
        is_mark = unicodedata.category(character).startswith("M") or character in _JOINERS
        if character == " ":
            run = -1
        elif run >= _LONGEST_RUN and not is_mark and pieces[-1] != _VIRAMA and pieces[-1] not in _JOINERS:
            pieces.append(_BREAK)
            run = 0
        pieces.append(character)
        run += 1
    return "".join(pieces)
