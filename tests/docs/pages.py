"""The pages of the repository, and what they name."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from tests.paths import ROOT

FENCE: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
ANCHOR: Final = re.compile(r'<a id="([^"]+)">')


def markdown_pages() -> list[Path]:
    """Return every page of the repository that people read."""
    outside = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md")]
    return [*outside, *sorted((ROOT / "docs").rglob("*.md"))]


def prose(page: Path) -> str:
    """Return the text of a page without its code blocks."""
    return prose_of(page.read_text(encoding="utf-8"))


def prose_of(text: str) -> str:
    """Return the text without its code blocks."""
    return FENCE.sub("", text)


@cache
def anchors(page: Path) -> set[str]:
    """Return the anchors that the headings of a page make, as GitHub makes them."""
    return anchors_in(prose(page))


def anchors_in(text: str) -> set[str]:
    """Return the anchors of the prose of a page."""
    return {_slug(heading) for heading in HEADING.findall(text)} | set(ANCHOR.findall(text))


def _slug(heading: str) -> str:
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
