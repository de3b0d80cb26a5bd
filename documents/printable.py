"""Conversion of outside texts for documents, so that every character is visible and in its original order."""

import struct
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

import fontpkg_noto_sans

FONTS: Final = Path(fontpkg_noto_sans.__file__).parent / "files"
_REGULAR: Final = FONTS / "NotoSans[wdth,wght].ttf"
_LONGEST_RUN: Final = 70
"""longest run without a line break, so that a SHA-256 and the signs around it stay together"""
_BREAK: Final = "\u200b"
_VIRAMA: Final = "\u094d"
_JOINERS: Final = frozenset("\u200c\u200d")
"""joiners choose the form of a conjunct and are invisible"""
_FULL_UNICODE: Final = 12
"""format of the font table that covers all of Unicode"""


@cache
def _drawn() -> frozenset[int]:
    """Return the characters that the font can draw, from its cmap table."""
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
    """Return `text` as a document shows it.

    White space becomes a space. Direction marks are removed, because they would show another text than was written. A
    character that the font cannot draw becomes its number, <1F600>. A long run gets break points.
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
    """Return `text` with break points in long runs, never between a letter and its marks."""
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
