"""`deploy/nginx.conf` by its text: it has a location for every public path of the API. This needs no nginx."""

import re
from collections.abc import Iterator

import pytest

from activities.banks.reply_links import PATHS
from activities.documents.issuing import appeal_address
from activities.restoration.credit_accounts import credit_address
from api.parts import Part
from tests.deploy.nginx_server import CONFIGURATION, MY
from tests.deploy.test_nginx import host_of, paths

LOCATION = re.compile(r"location (?P<kind>= |\^~ |~ |)(?P<path>\S+) \{(?P<inside>.*?)\}", re.DOTALL)
SITE = "https://freeze.example"


def public_server(configuration: str) -> str:
    """Return the text of the server for citizens."""
    (found,) = [
        server
        for server in re.split(r"^    server \{$", configuration, flags=re.MULTILINE)
        if f"server_name {MY};" in server
    ]
    return found


LOCATIONS = [found[0] for found in LOCATION.finditer(public_server(CONFIGURATION)) if found["path"] != "/"]


def goes_to(server: str, path: str) -> str:
    """Return the process that gets a path, or an empty text. The server for citizens has no patterns."""
    best, length = "", -1
    for found in LOCATION.finditer(server):
        assert found["kind"] in {"", "= "}, found[0]
        is_exact = found["kind"] == "= "
        fits = path == found["path"] if is_exact else path.startswith(found["path"])
        weight = len(path) + 1 if is_exact else len(found["path"])
        if fits and weight > length:
            best, length = found["inside"], weight
    passed = re.search(r"proxy_pass http://(\w+);", best)
    return passed[1] if passed else ""


def public_paths() -> Iterator[tuple[str, Part]]:
    """Every path that citizens open, and banks behind a link, with the process that serves it."""
    for part in Part:
        yield from ((path, part) for path in paths(part) if host_of(path) == MY)


def unreached(configuration: str) -> set[str]:
    """Return the public paths that do not come to their process."""
    server = public_server(configuration)
    return {path for path, part in public_paths() if goes_to(server, path) != part.value}


def test_every_public_path_has_a_location_in_the_proxy() -> None:
    assert unreached(CONFIGURATION) == set()
    assert {path for path, _ in public_paths()} >= {"/a/t", "/a/o/t", "/appeal", "/appeal/t", "/c/t"}


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_public_path_without_a_location_is_found(location: str) -> None:
    # So the proxy also has no location that no path needs.
    assert unreached(CONFIGURATION.replace(location, "")) - unreached(CONFIGURATION)


def test_every_link_in_letters_and_messages_comes_through_the_proxy() -> None:
    links = [*PATHS.values(), f"{credit_address(SITE)}/", appeal_address(SITE)]
    server = public_server(CONFIGURATION)
    for link in links:
        path = link.removeprefix(SITE)
        assert goes_to(server, f"{path}t" if path.endswith("/") else path) == Part.OFFICERS.value, link
