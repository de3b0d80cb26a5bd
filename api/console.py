"""The page of the console, and the files of its code, which all may load.

The page asks the API for everything else, in the session of the officer.
"""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.console_files import ConsoleFile
from api.problems import CONSOLE_PATH, NOT_FOUND, Refused
from api.services import TheServices

ASSETS_PATH: Final = f"{CONSOLE_PATH}/assets"
NOT_BUILT: Final = "The console is not built. Run `make console`.\n"
# A script, a style or a picture comes from this host only, and none stands in the page itself. A frame shows a PDF.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    # The page names the files of one build, so it is asked for each time.
    "Cache-Control": "no-cache",
}
# The name of a file has the digest of its content.
_ASSET_HEADERS: Final = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}

router = APIRouter(include_in_schema=False)


@router.api_route(CONSOLE_PATH, methods=["GET", "HEAD"])
async def go_to_console() -> Response:
    """Send the browser to the page, whose addresses begin with a slash after the name."""
    return RedirectResponse(f"{CONSOLE_PATH}/", 308)


@router.api_route(f"{ASSETS_PATH}/{{name}}", methods=["GET", "HEAD"])
async def show_asset(request: Request, services: TheServices, name: str) -> Response:
    """Return a file of the code, which a browser keeps for ever."""
    file = services.console.asset(name)
    if file is None:
        raise Refused(NOT_FOUND)
    return _response(request, file, _ASSET_HEADERS)


@router.api_route(f"{CONSOLE_PATH}/", methods=["GET", "HEAD"])
@router.api_route(f"{CONSOLE_PATH}/{{page}}", methods=["GET", "HEAD"])
@router.api_route(f"{CONSOLE_PATH}/{{page}}/{{part}}", methods=["GET", "HEAD"])
async def show_page(request: Request, services: TheServices) -> Response:
    """Return the page. Its code shows what the address names."""
    file = services.console.page()
    if file is None:
        return Response(NOT_BUILT, 503, _PAGE_HEADERS, "text/plain")
    return _response(request, file, _PAGE_HEADERS)


def _response(request: Request, file: ConsoleFile, headers: Mapping[str, str]) -> Response:
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.compressed, 200, {**headers, "Content-Encoding": "gzip"}, file.media_type)
    return Response(file.plain, 200, dict(headers), file.media_type)
