"""What can be read in a PDF that the typesetter wrote: its own character maps over its own strings."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(?P<font>\w+) [\d.]+ Tf|\(")
_IN_STRING = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ONE_CHAR = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_in(pdf: bytes) -> str:
    """The text of all pages, without the spaces between pieces; empty where it is no PDF of the typesetter."""
    return "".join(text_by_page(pdf))


def text_by_page(pdf: bytes) -> list[str]:
    """The text of each page."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    found = []
    for body in objects.values():
        if b"/Type/Page/" not in body:
            continue
        resources = _named(objects, body, b"Resources")
        fonts = dict(re.findall(rb"/(\w+) (\d+) 0 R", re.findall(rb"/Font<<(.*?)>>", resources)[0]))
        maps = {name: _characters(_named(objects, objects[int(font)], b"ToUnicode")) for name, font in fonts.items()}
        found.append(_shown(_unpacked(_named(objects, body, b"Contents")), maps))
    return found


def _named(objects: dict[int, bytes], body: bytes, name: bytes) -> bytes:
    return objects[int(re.findall(rb"/" + name + rb" (\d+) 0 R", body)[0])]


def _unpacked(body: bytes) -> bytes:
    return zlib.decompress(_STREAM.findall(body)[0])


def _characters(body: bytes) -> dict[bytes, str]:
    pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", _unpacked(body))
    return {bytes.fromhex(code.decode()): bytes.fromhex(to.decode()).decode("utf-16-be") for code, to in pairs}


def _shown(page: bytes, maps: dict[bytes, dict[bytes, str]]) -> str:
    said, characters = [], dict[bytes, str]()
    place = 0
    while found := _SHOWN.search(page, place):
        place = found.end()
        if found["font"]:
            characters = maps[found["font"]]
            continue
        end = _end_of_string(page, place)
        codes = _ESCAPE.sub(_unescaped, page[place : end - 1])
        said += [characters.get(codes[at : at + 2], "") for at in range(0, len(codes), 2)]
        place = end
    return "".join(said)


def _end_of_string(page: bytes, begin: int) -> int:
    """The place after the parenthesis that ends a string. Parentheses in pairs stand in a string as they are."""
    depth = 1
    for found in _IN_STRING.finditer(page, begin):
        depth += {b"(": 1, b")": -1}.get(found.group(), 0)
        if depth == 0:
            return found.end()
    raise ValueError("a string without an end")


def _unescaped(found: re.Match[bytes]) -> bytes:
    told = found[1]
    return bytes([int(told, 8)]) if told[:1].isdigit() else _ONE_CHAR.get(told, told)
