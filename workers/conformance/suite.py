"""Conformance checks of one institution, channel by channel."""

from collections.abc import Mapping, Sequence

from activities.banks.directory import Way
from adapters.banks.posting import Poster
from adapters.banks.protocol import BankWire
from schemas.enums import ChannelKind
from workers.conformance.calls import Line
from workers.conformance.findings import Finding, Verdict
from workers.conformance.i4c import check_i4c
from workers.conformance.push import check_push

CONNECT_TIMEOUT_SECONDS = 3.0
CHECKED = {ChannelKind.I4C: check_i4c, ChannelKind.PUSH: check_push}


async def check_bank(
    ways: Mapping[ChannelKind, Way], *, timeout_seconds: float, allow_plain_http: bool
) -> Sequence[Finding]:
    """Check every channel that can be called; report the others as untried."""
    poster = Poster(connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS, allow_plain_http=allow_plain_http)
    findings: list[Finding] = []
    try:
        for kind, way in ways.items():
            if kind in CHECKED and isinstance(way, BankWire):
                findings += await CHECKED[kind](Line(way, poster, timeout_seconds))
            else:
                findings.append(
                    Finding(kind, "all", Verdict.UNTRIED, "the bank has no endpoint to call on this channel")
                )
    finally:
        await poster.close()
    return findings
