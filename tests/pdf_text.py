"""What can be read in a PDF that the typesetter wrote: its own character maps over its own strings."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(\w+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\)", re.DOTALL)
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
    for font, string in _SHOWN.findall(page):
        characters = maps[font] if font else characters
        codes = _ESCAPE.sub(_unescaped, string)
        said += [characters.get(codes[place : place + 2], "") for place in range(0, len(codes), 2)]
    return "".join(said)


def _unescaped(found: re.Match[bytes]) -> bytes:
    told = found[1]
    return bytes([int(told, 8)]) if told[:1].isdigit() else _ONE_CHAR.get(told, told)
