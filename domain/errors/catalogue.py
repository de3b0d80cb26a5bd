"""The texts of business errors by their code. Another language is another table beside `english.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple


class Text(NamedTuple):
    """Text of an error: the fact, and what its caller can do. Names in braces are parameters."""

    says: str
    do: str


def _table(language: str) -> Mapping[str, Text]:
    table = tomllib.loads(Path(__file__).with_name(f"{language}.toml").read_text(encoding="utf-8"))
    return {code: Text(**text) for code, text in table.items()}


ENGLISH: Final = _table("english")
