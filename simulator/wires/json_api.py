"""The JSON of webhook and feed on the bank's side: read hold requests, write the lines of answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson
from standardwebhooks import Webhook, WebhookVerificationError

from simulator.clock import IST
from simulator.wires.i4c import MAX_INCIDENTS, MAX_PAISE, FraudReport, TicketError, paise
from simulator.world.bank_model import OK, Incident, RowKind

Json = dict[str, object]
TIME_CHARS = len("2026-11-24 10:05")
_CASH = {RowKind.ATM: "atm", RowKind.AEPS: "aeps", RowKind.CHEQUE: "cheque"}


class WebhookError(ValueError):
    """The event has no valid signature of the police, or is not an event. The message says which."""


HOLD_REQUESTED, ORDER_ISSUED, ORDER_CANCELLED = "hold.requested", "order.issued", "order.cancelled"
DEBIT_ASKED = "debit.asked"
_KINDS = (HOLD_REQUESTED, ORDER_ISSUED, ORDER_CANCELLED, DEBIT_ASKED)


def open_event(secret: bytes, body: bytes, headers: Mapping[str, str]) -> tuple[str, object]:
    """Verify a webhook's event; return its type and its content. Raises WebhookError."""
    try:
        Webhook(secret).verify(body, dict(headers))
        event = orjson.loads(body)
    except (WebhookVerificationError, orjson.JSONDecodeError) as error:
        raise WebhookError(str(error)) from error
    if not isinstance(event, dict) or event.get("type") not in _KINDS:
        raise WebhookError("unknown kind of event")
    return str(event["type"]), event.get("data")


def read_hold_request(content: object) -> tuple[str, FraudReport]:
    """Return a hold request's id and content. Raises TicketError."""
    if not isinstance(content, dict):
        raise TicketError("the hold request is not an object")
    hold_id, ack_no, hops = content.get("hold_id"), content.get("ack_no"), content.get("hops")
    if not isinstance(hold_id, str) or not isinstance(ack_no, str) or not hold_id or not ack_no:
        raise TicketError("hold_id or ack_no is missing")
    if not isinstance(hops, list) or not 0 < len(hops) <= MAX_INCIDENTS:
        raise TicketError(f"hops must be a list of 1 to {MAX_INCIDENTS}")
    incidents = tuple(_incident(hop) for hop in hops)
    layers = tuple(_number(hop, "layer") for hop in hops)
    return hold_id, FraudReport(ack_no, incidents, layers, {str(h["reference"]): _number(h, "hop") for h in hops})


def read_debit_inquiry(content: object) -> tuple[str, FraudReport]:
    """Return the id and the content of an inquiry to the bank as the victim's bank. Raises TicketError."""
    if not isinstance(content, dict) or not isinstance(content.get("transfer"), dict):
        raise TicketError("the inquiry has no transfer")
    inquiry_id, ack_no, transfer = content.get("inquiry_id"), content.get("ack_no"), content["transfer"]
    if not isinstance(inquiry_id, str) or not isinstance(ack_no, str) or not inquiry_id or not ack_no:
        raise TicketError("inquiry_id or ack_no is missing")
    incident = _incident(transfer | {"disputed_paise": transfer.get("amount_paise")})
    return inquiry_id, FraudReport(ack_no, (incident,), (1,), job_id=inquiry_id, is_debit_inquiry=True)


def _incident(hop: object) -> Incident:
    if not isinstance(hop, dict) or not isinstance(hop.get("reference"), str):
        raise TicketError("a hop has no reference")
    return Incident(hop["reference"], _number(hop, "amount_paise"), _number(hop, "disputed_paise"))


def _number(hop: Json, name: str) -> int:
    value = hop.get(name)
    if not isinstance(value, int) or not 0 < value <= MAX_PAISE:
        raise TicketError(f"{name} is not a whole number above 0")
    return value


def answer_lines(rows: Sequence[Json], hop_nos: Mapping[str, int]) -> list[Json]:
    """Return written rows as lines of an answer. A row about a hop outside the request is skipped."""
    return [
        _line(row, hop_nos[root]) for row in rows if (root := str(row.get("root_rrn_transaction_id", ""))) in hop_nos
    ]


def debit_lines(rows: Sequence[Json], root_rrn: str) -> list[Json]:
    """Return written rows as lines of an answer to an inquiry. A row about another transfer is skipped."""
    return [_debit_line(row) for row in rows if row.get("root_rrn_transaction_id") == root_rrn]


def _debit_line(row: Json) -> Json:
    code = str(row.get("status_code", OK))
    if code != OK or not row.get("rrn_transaction_id"):
        return {"kind": "not_debited", "code": "01" if code == OK else code}
    moment = moment_of(row)
    line: Json = {
        "kind": "debited",
        "reference": str(row["rrn_transaction_id"]),
        "amount_paise": paise(row["disputed_amount"]),
        "payer_account": row.get("root_account_number") or None,
        "payee": _payee(row),
    }
    return line | ({"at": moment.isoformat()} if moment is not None else {})


def moment_of(row: Json) -> datetime | None:
    """Return the time of a row, or None if it is unreadable. The seconds may be any text."""
    written = str(row.get("transaction_datetime", ""))
    for form, text in (("%Y-%m-%d %H:%M:%S", written), ("%Y-%m-%d %H:%M", written[:TIME_CHARS])):
        try:
            return datetime.strptime(text, form).replace(tzinfo=IST)
        except ValueError:
            continue
    return None


def _line(row: Json, hop_no: int) -> Json:
    line: Json = {"hop": hop_no, "remarks": str(row.get("remarks", ""))}
    code = str(row.get("status_code", OK))
    if code != OK:
        return line | {"kind": "refused", "code": code}
    disputed_paise = paise(row["disputed_amount"])
    line["amount_paise"] = disputed_paise
    moment = moment_of(row)
    if moment is not None:
        line["at"] = moment.isoformat()
    reference = str(row.get("rrn_transaction_id", ""))
    kind = RowKind(int(str(row["txn_type_id"])))
    if kind is RowKind.HOLD:
        balance = row.get("root_effective_balance")
        return line | {"kind": "held"} | ({} if balance is None else {"balance_paise": paise(balance)})
    if kind is RowKind.TRANSFER:
        whole_paise = max(paise(row["amount"]), disputed_paise)
        return line | {"kind": "moved", "transfer_paise": whole_paise, "reference": reference, "payee": _payee(row)}
    named = {"reference": reference} if reference else {}
    if kind is RowKind.POS:
        return line | named | {"kind": "spent", "merchant": str(row.get("merchant_name") or "not named")}
    number = {"reference": str(row["cheque_no"])} if row.get("cheque_no") else named
    return line | number | {"kind": "withdrawn", "by": _CASH[kind], "place": place_of(row)}


def place_of(row: Json) -> str:
    """Return the place of a withdrawal, as far as the row names it."""
    written = (row.get(name) for name in ("atm_id", "place_of_atm", "merchant_name", "location"))
    return ", ".join(str(value) for value in written if value)


def _payee(row: Json) -> Json:
    payee: Json = {
        "institution": row.get("payee_bank_code") or row.get("payee_bank"),
        "account": row.get("payee_account_number"),
    }
    return payee | ({"ifsc": row["ifsc_code"]} if row.get("ifsc_code") else {})
