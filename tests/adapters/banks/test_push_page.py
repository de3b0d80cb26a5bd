"""The examples of docs/banks/bank-api.md are what the code sends and takes."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.banks.push import client
from adapters.banks.push.client import hold_demand
from schemas.banks.institutions import PushEntry
from schemas.case.hold_requests import HoldRequested
from simulator.wires import letters
from tests.adapters.pages import json_after
from tests.adapters.wires import REQUEST_ID, incident, ticket
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "banks" / "bank-api.md").read_text()
AT = datetime(2026, 4, 12, 8, 10, tzinfo=UTC)


def test_the_event() -> None:
    asked = replace(
        ticket(incident(hop_no=3)), priority=1, requested_at=AT, respond_by=datetime(2026, 4, 12, 8, 15, tzinfo=UTC)
    )
    sent = HoldRequested(timestamp=AT, data=hold_demand(asked, AT))
    assert json_after(PAGE, "webhook-signature: v1,… v1,…") == json.loads(sent.model_dump_json())


def test_the_directorys_entry_and_the_vector() -> None:
    entry = PushEntry.model_validate(json_after(PAGE, "```json"))
    bank = client.push_wire("DEMO", entry)
    assert bank.webhook_secrets == (bytes(range(32)),)
    assert entry.secrets[0].get_secret_value() in PAGE[: PAGE.index("```json")]
    headers = client.signed_headers(str(REQUEST_ID), AT, b'{"type":"hold.requested"}', bank.webhook_secrets)
    for name, value in headers.items():
        assert f"\n{name}: {value}\n" in PAGE


def test_the_signed_request() -> None:
    found = re.search(r"^POST (/bank/\S+)\nHost: (\S+)\n(?:\S+: .*\n)+\n(.*)$", PAGE, re.MULTILINE)
    assert found is not None
    path, host, body = found.groups()
    headers = letters.signed_headers(
        "POST",
        f"https://{host}{path}",
        body.encode(),
        key_id="demo-2026",
        private_key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
        created=AT,
        nonce="q1w2e3r4t5y6u7i8",
    )
    assert set(headers) == {"Content-Digest", "Signature-Input", "Signature"}
    for name, value in headers.items():
        assert f"\n{name}: {value}\n" in PAGE
