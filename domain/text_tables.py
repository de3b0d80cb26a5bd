"""Tables of texts for people: a folder of `domain/texts` for each language, in it a file for each module. Pure."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Final

from schemas.enums import Language

_FOLDER: Final = Path(__file__).with_name("texts")

Table = Mapping[str, str]
"""texts by name; the name of a text in a section is `section.name`"""


class TextsWrong(ValueError):
    """The tables of a module differ; the text has one line per mistake."""


def tables_of(module: str, folder: Path = _FOLDER) -> Mapping[Language, Table]:
    """Return the texts of a module by language. A module calls it once, when it is imported.

    Raises `TextsWrong` unless all languages have the same names with the same values in braces.
    """
    tables = {language: _read(folder / language.value / f"{module}.toml") for language in Language}
    mistakes = [
        f"{module} in {language}: {mistake}" for language in Language for mistake in _mistakes(tables, language)
    ]
    if mistakes:
        raise TextsWrong("\n".join(mistakes))
    return tables


def _read(file: Path) -> Table:
    return dict(_leaves(tomllib.loads(file.read_text(encoding="utf-8"))))


def _leaves(texts: Mapping[str, Any], section: str = "") -> Iterator[tuple[str, str]]:
    for name, text in texts.items():
        if isinstance(text, str):
            yield section + name, text
        else:
            yield from _leaves(text, f"{section}{name}.")


def _mistakes(tables: Mapping[Language, Table], language: Language) -> Iterator[str]:
    table, names = tables[language], {name for of_language in tables.values() for name in of_language}
    for name in sorted(names):
        if not table.get(name):
            yield f"{name}: there is no text"
        elif any(_values(table[name]) != _values(other[name]) for other in tables.values() if name in other):
            yield f"{name}: its values are not those of the other language"


def _values(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)
