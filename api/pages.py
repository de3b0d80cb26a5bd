"""HTML pages for people in a browser, and the paths of the public ones.

HTML pages for people in a browser, made on the server, without scripts and without content of other sites. The address
of a page is its only credential. So no other site can send a valid form, because it does not know the address.
"""

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from schemas.text import IST

TEMPLATES: Final = Path(__file__).with_name("templates")
GONE: Final = 410
NOT_ASKED: Final = "not_asked"
"""button of the page behind a link, for who did not ask for it"""


def day(at: datetime) -> str:
    """Return the day in Indian time, as DD-MM-YYYY."""
    return f"{at.astimezone(IST):%d-%m-%Y}"


class Pages:
    """The templates of one folder, and the headers that every page of it has.

    `styles` are the folders whose style sheets are joined, in this order. `filters` and `names` are the filters and
    global names of the templates.
    """

    def __init__(self, folder: Path, *, styles: Sequence[Path], filters: dict[str, Any], names: dict[str, Any]) -> None:
        style = "".join((style_folder / "style.css").read_text(encoding="utf-8") for style_folder in styles)
        style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{style_hash}'; form-action 'self'; base-uri 'none';"
                " frame-ancestors 'none'"
            ),
            # The address is the credential, so it must not reach the log of another site or a search engine.
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex, nofollow",
        }
        self._templates = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
        self._templates.filters |= {"day": day, **filters}
        self._templates.globals |= {"style": style, **names}

    def page(self, name: str, status: int = 200, **values: Any) -> Response:
        """Return the page of a template, with the headers that all pages have."""
        return HTMLResponse(self._templates.get_template(f"{name}.html").render(values), status, self.headers)


DOORS_PATH: Final = "/"
"""the first page of every host, which leads everybody to their own"""
ABOUT_PATH: Final = "/about"
LEAVE_PATH: Final = "/leave"


def moment(at: datetime) -> str:
    """Return a moment in Indian time."""
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M:%S} IST"
