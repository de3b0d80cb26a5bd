"""Markdown tables and headings."""

from collections.abc import Iterable, Sequence
from typing import Final

WRITTEN_BY: Final = "<!-- Written by `make docs` (workers/reference). -->"


def cell(text: str) -> str:
    """Return the text in one line, so that it fits into a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return the text as code; an empty text stays empty."""
    return f"`{text}`" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; every row has as many cells as the head."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def page(title: str, introduction: str, *parts: str) -> str:
    """Return a whole page: its title, who writes it, one paragraph, and the parts below."""
    return "\n\n".join([f"# {title}", WRITTEN_BY, introduction, *parts]) + "\n"


def mermaid(lines: Iterable[str]) -> str:
    """Return a Mermaid diagram."""
    return "\n".join(["```mermaid", *lines, "```"])


def first_sentence(text: str) -> str:
    """Return the first sentence of a docstring, in one line."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    sentence, dot, _ = paragraph.partition(". ")
    return sentence + "." if dot else paragraph
