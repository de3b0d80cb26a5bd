"""Addresses of callers, behind trusted proxies too."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from starlette.requests import HTTPConnection

HOPS_MAX: Final = 20
"""addresses of `X-Forwarded-For` that are read, from the right; no honest request has more"""
IPV6_PREFIX_BITS: Final = 64
"""prefix of one subscriber; with a count for each single address a subscriber would have no limit"""
FORWARDED: Final = ("x-forwarded-for", "forwarded")
"""headers by which a proxy names the sender of a request"""

WIDER_BITS: Final = {56: 4, 48: 16}
"""wider prefixes of an IPv6 address, with how often the limit of a subscriber each has: a home line has a /56 or a /48,
and phones of a mobile network share one"""

_Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]
LOOPBACK: Final[Networks] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def address_of(connection: HTTPConnection, trusted: Networks) -> str:
    """Return the address of the sender of a request, as a name to count by.

    Behind a trusted proxy (`GOLDENHOUR_TRUSTED_PROXIES`) this is the right-most address of `X-Forwarded-For` that is
    not a trusted proxy. The addresses to its left are written by the sender and cannot be trusted.
    """
    peer = _parsed(connection.client.host) if connection.client else None
    if peer is None:
        return connection.client.host if connection.client else ""
    sender = peer
    if _is_in(peer, trusted):
        hops = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")[-HOPS_MAX:]
        for hop in reversed(hops):
            address = _parsed(hop.strip())
            if address is None:
                break
            sender = address
            if not _is_in(address, trusted):
                break
    return _name(sender)


def networks_around(name: str) -> list[tuple[str, int]]:
    """Return the networks of an address by its name, the narrowest first, with how often its limit each has."""
    if ":" not in name:
        return [(name, 1)]
    network = IPv6Network(name)
    return [(name, 1), *((str(network.supernet(new_prefix=bits)), times) for bits, times in WIDER_BITS.items())]


def name_of_peer(host: str, trusted: Networks) -> str | None:
    """Return the name to count the connections of a peer by, or None for a trusted proxy."""
    peer = _parsed(host)
    if peer is None:
        return host
    return None if _is_in(peer, trusted) else _name(peer)


def comes_directly_from(connection: HTTPConnection, networks: Networks) -> bool:
    """Return whether a request comes from this machine or one of the networks, and through no proxy."""
    peer = _parsed(connection.client.host) if connection.client else None
    if peer is None or any(name in connection.headers for name in FORWARDED):
        return False
    own_host = (connection.scope.get("server") or ("", None))[0]
    # This machine reaches an address of its own from the same address.
    return peer == _parsed(own_host) or _is_in(peer, networks)


def _is_in(address: _Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


def _parsed(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _name(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), IPV6_PREFIX_BITS), strict=False))
