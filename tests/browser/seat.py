"""One officer at a browser: a page with the session of the officer, which counts keys and remembers what went wrong."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page

from api.public_pages import LANGUAGE_COOKIE
from tests.paths import ROOT

PICTURES: Final = ROOT / "build" / "pictures"
"""screenshots of the last run that took some"""
TAKES_PICTURES: Final = os.environ.get("PICTURES", "") not in {"", "0"}
"""whether pictures are taken: no test compares one, and without a graphics card each costs a fifth of a second"""
AXE: Final = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
PATIENCE_MS: Final = 60_000
"""wait for what banks, workers and a page do together, on a machine that is busy with other tests"""
_CHORD: Final = re.compile(r"\+(?=.)")
_EXPECTED: Final = re.compile(r"status of (4\d\d|502|503|504)|ERR_(INTERNET_DISCONNECTED|CONNECTION|NETWORK|ABORTED)")
"""refusals that a test provokes; the page shows them, and the browser logs them as well"""
_POINTER: Final = """
window.pointerMoves = 0;
for (const kind of ["pointermove", "pointerdown", "wheel"])
  addEventListener(kind, (event) => { if (event.isTrusted) window.pointerMoves += 1; }, true);
"""

_FOCUS: Final = """
{
  let last = null, told = null, moves = 0, since = 0;
  addEventListener("focusin", ({ target }) => { last = target; moves = window.pointerMoves; }, true);
  setInterval(() => {
    const isLost = last !== null && document.activeElement === document.body && document.hasFocus();
    if (!isLost || window.pointerMoves !== moves) since = 0;
    else if (since === 0) since = performance.now();
    else if (performance.now() - since > 500 && told !== last) {
      told = last;
      console.warn(`no key reaches the page after ${last.outerHTML.slice(0, 160)}`);
    }
  }, 100);
}
"""
"""says in the log of the page that what had the focus went away, and half a second later nothing else has it"""


Screen = tuple[Literal["light", "dark"], int, int]
"""a theme, a width and a height in pixels"""


async def keep_language(context: BrowserContext, origin: str, language: Literal["en", "hi"]) -> None:
    """Let a browser have a language, as the page of the sign-in and the console keep it."""
    url = f"{origin}/"
    await context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": url, "secure": True}])


@dataclass
class Seat:
    """A page of the console. `keys` counts what was pressed, a chord by each of its keys."""

    context: BrowserContext
    page: Page
    origin: str
    keys: int = 0
    troubles: list[str] = field(default_factory=list)
    """errors of the page: of its code, and of its content policy"""

    @classmethod
    async def taken(cls, context: BrowserContext, origin: str) -> "Seat":
        """Open a page in a context, and listen to its errors."""
        await context.add_init_script(_POINTER + _FOCUS)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        seat = cls(context, page, origin)
        page.on("pageerror", lambda error: seat.troubles.append(f"error: {error}"))
        page.on("console", seat._hear)
        return seat

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _EXPECTED.search(message.text):
            self.troubles.append(f"{message.type}: {message.text}")

    async def open(self, path: str = "/") -> None:
        """Go to a page of the console."""
        await self.page.goto(f"{self.origin}/console{path}")

    # -- keys ------------------------------------------------------------------------------------------------------

    async def press(self, *chords: str) -> None:
        """Press keys one after the other, such as `Tab` or `Control+Enter`."""
        for chord in chords:
            self.keys += len(_CHORD.split(chord))
            await self.page.keyboard.press(chord)

    async def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self.keys += len(text) + sum(sign.isupper() for sign in text)
        await self.page.keyboard.type(text)

    async def pointer_moves(self) -> int:
        """Return how often a pointer was used on the page since it was loaded."""
        found: int = await self.page.evaluate("window.pointerMoves")
        return found

    # -- looking ---------------------------------------------------------------------------------------------------

    def text(self, text: str | re.Pattern[str]) -> Locator:
        """Return the first place with a text."""
        return self.page.get_by_text(text).first

    async def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Wait until each text is on the page."""
        for text in texts:
            await self.text(text).wait_for()

    async def picture(self, name: str) -> None:
        """Keep a screenshot of the page as it is, with `PICTURES=1`."""
        if TAKES_PICTURES:
            PICTURES.mkdir(parents=True, exist_ok=True)
            await self.page.screenshot(path=PICTURES / f"{name}.png")

    async def violations(self) -> list[str]:
        """Return what axe finds against WCAG 2.2 AA, a line for each element."""
        if not await self.page.evaluate("'axe' in window"):
            # The content policy allows no script of ours, so the browser's own door for tools runs it.
            await self.page.evaluate(f"(() => {{ {AXE.read_text(encoding='utf-8')} }})()")
        found: dict[str, Any] = await self.page.evaluate(
            "(rules) => axe.run({runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", list(RULES)
        )
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    async def too_small(self) -> list[str]:
        """Return the texts on the page that are smaller than 12 pixels."""
        found: Sequence[str] = await self.page.evaluate(
            """() => [...document.querySelectorAll("body *")]
                .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
                .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 12)
                .map((one) => one.textContent.slice(0, 40))"""
        )
        return list(found)

    async def is_wider_than_screen(self) -> bool:
        """Return whether the page scrolls sideways."""
        found: bool = await self.page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"
        )
        return found

    async def is_read(self, name: str, *screens: Screen) -> None:
        """Show the page on each screen, keep a picture, and assert that it can be read there.

        A page that is open costs a tenth of a page that is opened. What axe looks at differs by theme, language and
        width. It looks at the first screen alone, so that the screens of one page and another language are the others.
        """
        for place, (theme, width, height) in enumerate(screens):
            await self.page.emulate_media(color_scheme=theme)
            await self.page.set_viewport_size({"width": width, "height": height})
            await self.picture(f"{name}-{theme}-{width}")
            if place == 0:
                assert await self.violations() == [], name
            assert await self.too_small() == [], name
            assert not await self.is_wider_than_screen(), name

    async def speak(self, language: Literal["en", "hi"]) -> None:
        """Load the page again in another language."""
        await keep_language(self.context, self.origin, language)
        await self.page.reload()

    async def change_language(self, language: Literal["en", "hi"]) -> None:
        """Change the language of the open page by its keys, which costs no loading; it must not have it already."""
        await self.page.locator("#main").focus()
        await self.press("g", "l")
        await self.page.locator(f"html[lang='{language}']").wait_for()

    async def leave(self) -> None:
        """Close the page, which fails if its code or its policy had an error."""
        await self.context.close()
        assert self.troubles == [], "\n".join(self.troubles)
