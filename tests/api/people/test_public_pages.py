"""Every public page, in both languages: complete texts, no script, small, and whole for a reader and a keyboard."""

import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from api.public_pages import PUBLIC
from schemas.enums import Language
from tests.api.conftest import Doors
from tests.api.people.form_bench import STORY, WHO, Visitor, reach, taken
from tests.paths import ROOT

PAGE_MAX_BYTES = 100_000
CONTRAST_MIN = 4.5
"""WCAG 2.2, 1.4.3, for text of every size"""
OURS = (PUBLIC, PUBLIC / "doors", PUBLIC / "complain")
FOLDERS = sorted(file.parent for file in PUBLIC.rglob("en.toml"))
_NAMED = re.compile(r"\bsay\.([a-z_]+)")
_COLOUR = re.compile("#[0-9a-f]{3,6}")


class Page(HTMLParser):
    """What a page has: its elements with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


def faults(response: httpx.Response, language: str) -> list[str]:
    """What is wrong with a page."""
    page = Page(response.text)
    checks = (of_frame(page, language), of_code(response, page), of_fields(page), of_headers(response))
    return [fault for found in checks for fault in found]


def of_frame(page: Page, language: str) -> Iterator[str]:
    if page.of("html")[0]["lang"] != language:
        yield "no language"
    for tag in ("h1", "main", "header", "footer", "title"):
        if len(page.of(tag)) != 1:
            yield f"{len(page.of(tag))} of <{tag}>"
    if page.of("a")[0].get("href") != "#main" or page.of("main")[0].get("id") != "main":
        yield "no link to the main part"
    yield from (
        f"a link elsewhere: {link}" for link in page.of("a") if not re.match(r"[/?#]|tel:", link.get("href", ""))
    )


def of_code(response: httpx.Response, page: Page) -> Iterator[str]:
    if len(response.content) > PAGE_MAX_BYTES:
        yield f"{len(response.content)} bytes"
    yield from (f"it has <{tag}>" for tag in ("script", "img", "iframe", "link", "object") if page.of(tag))
    if re.search(r"\son[a-z]+=|javascript:|\sstyle=", response.text):
        yield "a script or a style in an attribute"


def of_fields(page: Page) -> Iterator[str]:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    yield from (f"{one} is not unique" for one in ids if ids.count(one) > 1)
    labels = {attributes.get("for") for attributes in page.of("label")}
    for field in page.of("input", "select", "textarea"):
        if field.get("type") != "hidden" and field.get("id") not in labels:
            yield f"no label for {field}"
    named = (name for _, attributes in page.elements for name in attributes.get("aria-describedby", "").split())
    yield from (f"no {name}" for name in named if name not in ids)


def of_headers(response: httpx.Response) -> Iterator[str]:
    policy = response.headers["content-security-policy"]
    if "unsafe" in policy or "default-src 'none'" not in policy or "frame-ancestors 'none'" not in policy:
        yield policy
    if response.headers["referrer-policy"] != "same-origin" or "noindex" not in response.headers["x-robots-tag"]:
        yield "headers"


@pytest.mark.parametrize("language", [language.value for language in Language])
async def test_every_page_is_whole_in_both_languages_and_sizes(doors: Doors, language: str) -> None:
    visitor = Visitor(doors)
    query = f"?lang={language}&size=l" if language == "hi" else f"?lang={language}"

    async def look(path: str) -> None:
        response = await visitor.get(path + query)
        assert response.status_code == 200, (path, response.status_code)
        assert faults(response, language) == [], path

    for path in ("/", "/about", "/complain", "/complain/open", "/complain/ABCDEFGHJKMN"):
        await look(path)
    wrong = await visitor.post(f"/complain{query}", step="send")
    assert faults(wrong, language) == []
    await visitor.go("/complain", **taken())
    for path in ("transfer/1", "transfer/2", "who", "story", "reach", "confirm", "check"):
        await look(f"/complain/{path}")
    for path, fields in (("who", WHO), ("story", STORY), ("reach", reach(way="none", mobile=""))):
        wrong = await visitor.post(f"/complain/{path}{query}")
        assert (wrong.status_code, faults(wrong, language)) == (422, []), path
        await visitor.go(f"/complain/{path}", **fields)
    await look("/complain/check")
    await visitor.go("/complain/check", step="send")
    await look("/complain/done")


def test_every_text_is_there_in_both_languages_and_used() -> None:
    assert len(FOLDERS) >= 3
    used = {name for file in PUBLIC.rglob("*.html") for name in _NAMED.findall(file.read_text(encoding="utf-8"))}
    for folder in FOLDERS:
        english, hindi = (tomllib.loads((folder / f"{one}.toml").read_text(encoding="utf-8")) for one in ("en", "hi"))
        assert english.keys() == hindi.keys(), folder
        for key in english:
            places = [set(re.findall(r"\{[a-z_]*\}", table[key])) for table in (english, hindi)]
            assert places[0] == places[1], key
            if folder not in OURS:
                continue
            assert key in used or re.search(rf'"{key}"', _code()) or key.startswith(_COMPOSED), key


_COMPOSED = ("category_", "way_", "age_")
"""texts whose key a page composes"""


def _code() -> str:
    return "".join(file.read_text(encoding="utf-8") for file in (ROOT / "api" / "people").glob("complaint_*.py"))


# -- colours -----------------------------------------------------------------------------------------------------------

LIGHT = [
    ("#14181f", "#ffffff"),
    ("#4a5363", "#ffffff"),
    ("#0b4f9e", "#ffffff"),
    ("#b3261e", "#ffffff"),
    ("#ffffff", "#0b2a52"),
    ("#ffffff", "#0a6b42"),
    ("#14181f", "#e3eefb"),
    ("#14181f", "#e5f5ee"),
    ("#14181f", "#fff4e0"),
    ("#0b4f9e", "#f4f5f7"),
]
DARK = [
    ("#eef1f5", "#171b22"),
    ("#7db4ff", "#171b22"),
    ("#b6bfcd", "#171b22"),
    ("#ff8a80", "#171b22"),
    ("#eef1f5", "#16304f"),
    ("#eef1f5", "#10301f"),
    ("#eef1f5", "#35280f"),
    ("#7db4ff", "#0f1217"),
]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("text", "ground"), LIGHT + DARK)
def test_every_text_has_contrast_to_its_ground(text: str, ground: str) -> None:
    lighter, darker = sorted((luminance(text), luminance(ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= CONTRAST_MIN


def test_the_style_sheet_has_these_colours() -> None:
    style = (PUBLIC / "style.css").read_text(encoding="utf-8")
    found = {one if len(one) > len("#fff") else "#" + "".join(c * 2 for c in one[1:]) for one in _COLOUR.findall(style)}
    assert found >= {colour for pair in LIGHT + DARK for colour in pair}
