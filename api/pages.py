"""Pages for people in a browser: HTML from the server, no script, nothing from anywhere else.

What stands in a page's address is its only credential, so no other site can send a form that counts: it would have to
know the address.
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


def day(at: datetime) -> str:
    """A day as people here write it."""
    return f"{at.astimezone(IST):%d-%m-%Y}"


class Pages:
    """The templates of one folder, and the headers that every page of it has.

    `styles`: the folders whose style sheets it has, one after the other. `filters` and `words` are for its templates.
    """

    def __init__(self, folder: Path, *, styles: Sequence[Path], filters: dict[str, Any], words: dict[str, Any]) -> None:
        style = "".join((one / "style.css").read_text(encoding="utf-8") for one in styles)
        style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.headers = {
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{style_hash}'; form-action 'self'; base-uri 'none';"
                " frame-ancestors 'none'"
            ),
            # The address is the credential: it goes into no other site's log and no search engine.
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex, nofollow",
        }
        self._templates = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
        self._templates.filters |= {"day": day, **filters}
        self._templates.globals |= {"style": style, **words}

    def page(self, name: str, status: int = 200, **words: Any) -> Response:
        """One of the pages, with the headers that all have."""
        return HTMLResponse(self._templates.get_template(f"{name}.html").render(words), status, self.headers)
