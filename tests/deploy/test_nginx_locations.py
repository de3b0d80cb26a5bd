"""`deploy/nginx.conf` by its text: it has a location for every path of the API. This needs no nginx."""

import re
from collections.abc import Iterator

import pytest

from activities.case.reply_links import PATHS
from activities.recovery.credit_accounts import credit_address
from activities.recovery.document_issuing import appeal_address
from api.hosts import Site, sites_of
from api.officers.callers import DESCRIPTION_PATH
from api.parts import Part
from tests.deploy.nginx_server import CONFIGURATION, MY
from tests.deploy.test_nginx import SITES, paths

LOCATION = re.compile(r"location (?P<kind>= |\^~ |~ |)(?P<path>\S+) \{(?P<inside>.*?)\}", re.DOTALL)
SITE = "https://freeze.example"


def server_of(configuration: str, host: str = MY) -> str:
    """Return the text of the server for a host: that for citizens if none is named."""
    (found,) = [
        server
        for server in re.split(r"^    server \{$", configuration, flags=re.MULTILINE)
        if f"server_name {host};" in server
    ]
    return found


LOCATIONS = [found[0] for found in LOCATION.finditer(server_of(CONFIGURATION)) if found["path"] != "/"]


def goes_to(server: str, path: str) -> str:
    """Return the process that gets a path, or an empty text.

    nginx takes an exact location, else the first pattern that fits, else the longest beginning. A beginning with `^~`
    comes before the patterns.
    """
    best, length, is_final = "", -1, False
    patterns = []
    for found in LOCATION.finditer(server):
        if found["kind"] == "~ ":
            patterns += [found["inside"]] if re.search(found["path"], path) else []
            continue
        is_exact = found["kind"] == "= "
        fits = path == found["path"] if is_exact else path.startswith(found["path"])
        weight = len(path) + 1 if is_exact else len(found["path"])
        if fits and weight > length:
            best, length, is_final = found["inside"], weight, bool(found["kind"])
    best = patterns[0] if patterns and not is_final else best
    passed = re.search(r"proxy_pass http://(\w+);", best)
    return passed[1] if passed else ""


def public_paths() -> Iterator[tuple[str, Part]]:
    """Every path that citizens open, and banks behind a link, with the process that serves it."""
    for part in Part:
        yield from ((path, part) for path in paths(part) if Site.MY in sites_of(path))


def unreached(configuration: str) -> set[str]:
    """Return the public paths that do not come to their process."""
    server = server_of(configuration)
    return {path for path, part in public_paths() if goes_to(server, path) != part.value}


@pytest.mark.parametrize("host", SITES)
def test_the_proxy_and_the_tls_ports_have_the_same_table(host: str) -> None:
    server = server_of(CONFIGURATION, host)
    for part in Part:
        for path in paths(part) | ({DESCRIPTION_PATH} if part is Part.OFFICERS else set()):
            expected = part.value if SITES[host] in sites_of(path) else ""
            assert goes_to(server, path) == expected, path


def test_every_public_path_has_a_location_in_the_proxy() -> None:
    assert unreached(CONFIGURATION) == set()
    assert {path for path, _ in public_paths()} >= {"/a/t", "/a/o/t", "/appeal", "/appeal/t", "/c/t"}


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_public_path_without_a_location_is_found(location: str) -> None:
    # So the proxy also has no location that no path needs.
    assert unreached(CONFIGURATION.replace(location, "")) - unreached(CONFIGURATION)


def test_every_link_in_letters_and_messages_comes_through_the_proxy() -> None:
    links = [*PATHS.values(), f"{credit_address(SITE)}/", appeal_address(SITE)]
    server = server_of(CONFIGURATION)
    for link in links:
        path = link.removeprefix(SITE)
        assert goes_to(server, f"{path}t" if path.endswith("/") else path) == Part.OFFICERS.value, link
