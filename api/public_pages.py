"""Frame of all public pages: the templates, the style sheet, the texts, and how a visitor reads them.

The pages need no script and no cookie to be read. The language and the size of the text stand in every address. The
pages on which officers and banks sign in keep the language in a cookie; those of victims and holders keep nothing.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from api.forms import preferred
from api.pages import TEMPLATES, Pages
from api.services import TheServices
from documents.wording import words_of
from domain.rupees import rupees
from schemas.enums import Language

PUBLIC: Final = TEMPLATES / "public"
SEE_OTHER: Final = 303
LANG: Final = "lang"
"""parameter of an address with its language"""
LANGUAGE_COOKIE: Final = "__Host-goldenhour-language"
"""where the browser of an officer or a bank keeps the language; the console has the same name"""
LANGUAGE_SECONDS: Final = 365 * 86_400
NEUTRAL_ADDRESS: Final = "https://www.india.gov.in/"
"""where *Leave at once* leads to: the national portal, which says nothing of a complaint"""
LARGE: Final = "l"
"""size of text in an address; any other value is the usual size"""
SHOW: Final = "show"
"""step of a form that shows the page in the other language or size, with what is typed"""


@dataclass(frozen=True)
class Look:
    """How a visitor reads the pages: the language, and the size of the text."""

    language: Language
    is_large: bool = False

    @property
    def query(self) -> str:
        """Return the query that keeps the look."""
        return urlencode({LANG: self.language.value} | ({"size": LARGE} if self.is_large else {}))

    @property
    def other_language(self) -> "Look":
        """Return the look in the other language."""
        return replace(self, language=Language.EN if self.language is Language.HI else Language.HI)

    @property
    def other_size(self) -> "Look":
        """Return the look with the other size of text."""
        return replace(self, is_large=not self.is_large)

    def to(self, path: str) -> str:
        """Return the address of a path that keeps the look."""
        return f"{path}?{self.query}"

    def redirect(self, path: str) -> Response:
        """Return the answer that leads on to a path after a form was taken."""
        return RedirectResponse(self.to(path), SEE_OTHER)


async def _look(request: Request, services: TheServices) -> Look:
    """Return the look in the address, else the kept language, else the browser's, else the first of notifications."""
    language = (
        _named(request.query_params.get(LANG, ""))
        or _named(request.cookies.get(LANGUAGE_COOKIE, ""))
        or preferred(request.headers.get("accept-language", ""))
        or services.ctx.policy.messages.holder_languages[0]
    )
    return Look(language, request.query_params.get("size") == LARGE)


def _named(text: str) -> Language | None:
    return Language(text) if text in set(Language) else None


def keep_language(request: Request, response: Response) -> None:
    """Let the browser keep the language that the address of a page names."""
    language = _named(request.query_params.get(LANG, ""))
    if language is not None:
        # The console changes it by its script, and it opens nothing. So it is not hidden from scripts.
        response.set_cookie(
            LANGUAGE_COOKIE, language.value, LANGUAGE_SECONDS, path="/", secure=True, httponly=False, samesite="strict"
        )


TheLook = Annotated[Look, Depends(_look)]
"""The dependency by which a page knows how its visitor reads."""


@cache
def texts_of(folder: Path) -> Mapping[Language, Mapping[str, str]]:
    """Return the texts of the pages of one folder in each language, with those that all public pages share."""
    return {language: _texts(language, PUBLIC) | _texts(language, folder) for language in Language}


def _texts(language: Language, folder: Path) -> dict[str, str]:
    texts = {"force": words_of(language).say("common.force")}
    for file in folder.glob(f"{language.value}*.toml"):
        texts |= tomllib.loads(file.read_text(encoding="utf-8"))
    return texts


def exact_rupees(paise: int) -> str:
    """Return paise as rupees, with the paise only where there are some."""
    return rupees(paise, exact=paise % 100 != 0)


class PublicPages:
    """The templates of one folder below `templates/public`, with their texts, in the frame of all public pages."""

    def __init__(self, name: str, *, filters: Mapping[str, Any] | None = None, **names: Any) -> None:
        folder = PUBLIC / name
        self._name = name
        self.texts = texts_of(folder)
        self._pages = Pages(
            PUBLIC,
            styles=[PUBLIC],
            filters={"rupees": exact_rupees, **(filters or {})},
            names={"leaves": True, **names},
        )
        # A browser names the origin of a form only if it may also send a referrer there. Other sites still get none.
        self._pages.headers["Referrer-Policy"] = "same-origin"
        # A browser holds to this also where the answer to a form leads elsewhere.
        policy = self._pages.headers["Content-Security-Policy"]
        self._pages.headers["Content-Security-Policy"] = policy.replace(
            "form-action 'self'", f"form-action 'self' {NEUTRAL_ADDRESS}"
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers that all these pages have."""
        return self._pages.headers

    def say(self, look: Look) -> Mapping[str, str]:
        """Return the texts in the visitor's language."""
        return self.texts[look.language]

    def page(self, look: Look, name: str, status: int = 200, **values: Any) -> Response:
        """Return one page. `errors` has the faults of its form by field, `fields` what was typed."""
        page_values = {"errors": {}, "fields": {}, "notice": "", **values}
        return self._pages.page(f"{self._name}/{name}", status, look=look, say=self.say(look), **page_values)
