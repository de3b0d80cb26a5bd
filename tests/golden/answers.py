"""Return what each way in makes of a bank's answer: its claims with their natural keys, for one fixed body each."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from activities.case.answer_links import AnswerForm, AnswerView, AskedTransfer
from activities.case.call_backs import CHANNEL
from activities.case.claims import to_claims
from activities.case.reply_links import LinkState
from activities.workbook import trail_lines
from adapters.banks.answers import StatusLine, StatusUpdate
from adapters.banks.email import job_id_of
from adapters.banks.i4c.decode import decode_status_update
from adapters.banks.iso20022.arrivals import ReturnedFunds
from adapters.banks.iso20022.orders import decode
from adapters.banks.stated import Answerer, Asked, Told, answer_lines, debit_lines, to_lines
from api.gateway.answer_pages import read_form
from api.gateway.inbox_pages import TEXTS
from api.gateway.inbox_table import TableReader, rows_of
from domain.banks.directory import Directory
from domain.case.telephone import flags_of
from domain.policy.model import load_policy
from domain.privacy.retention import stated_contact
from domain.recovery.orders import natural_key
from domain.workbook.columns import Sheet
from schemas.banks.institutions import Institution
from schemas.case.answers import BankAnswer, Claim
from schemas.case.payer_inquiries import DebitAnswer
from schemas.enums import Language
from schemas.recovery.orders import ConfirmedLine
from tests.domain.trail_books import moved, read, said, sheet
from tests.golden.wires import ACK_NO, NOW, ORDER_ID, REQUEST_ID, bank, iso_messages

RULES: Final = load_policy().trail
DIRECTORY: Final = Directory(
    Institution.model_validate(
        {
            "code": code,
            "name": name,
            "kind": "bank",
            "ifsc_prefixes": [code],
            "vpa_handles": [handle],
            "aliases": [],
            "answer_class": "api",
            "channels": ["i4c"],
            "desk_email": "",
        }
    )
    for code, name, handle in (
        ("DEMO", "Demo Bank", "okdemo"),
        ("HDFC", "HDFC Bank", "okhdfcbank"),
        ("PUNB", "Punjab National Bank", "okpnb"),
    )
)
ROOT: Final = "610212345678"
OTHER_ROOT: Final = "SBINR52026041112345678"
ACCOUNT: Final = "50100000000001"
AT: Final = "2026-04-12T08:30:00Z"
ASKED: Final = {3: Asked(reference=ROOT, account=ACCOUNT), 4: Asked(reference=OTHER_ROOT, account="demo@okdemo")}
ANSWERER: Final = Answerer("Asha Rao", "Manager")
BY_TWO: Final = replace(ANSWERER, person_id="P-1", checker=Answerer("Binod Das", "Chief Manager", "P-2"))


def all_answers() -> dict[str, bytes]:
    """Return every example by the name of its golden file."""
    ways: dict[str, Any] = {
        "i4c": i4c(),
        "api": api(),
        "telephone": telephone(),
        "debit": debit(),
        "iso20022": iso20022(),
        "iso20022-returned": returned(),
        "link": of_form(_form(), ANSWERER),
        "inbox": of_form(_form(), BY_TWO),
        "inbox-table": of_form(_table(), BY_TWO),
        "workbook": workbook(),
        "confirmation": confirmations(),
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS
    return {f"answers/{way}.json": orjson.dumps(found, option=options) for way, found in ways.items()}


def claimed(lines: Iterable[StatusLine], job_id: str, suffix: str = "") -> list[Any]:
    """Return the claims of lines with all that is stored of them."""
    return [_stored(claim, suffix) for claim in to_claims(lines, job_id, DIRECTORY, RULES)]


def _stored(claim: Claim, suffix: str) -> dict[str, Any]:
    stored = claim.model_dump(mode="json", exclude_defaults=True) | {"natural_key": f"{claim.natural_key}{suffix}"}
    holder = stated_contact(claim.raw).model_dump(exclude_defaults=True)
    return stored | ({"holder": holder} if holder else {})


def of_update(update: StatusUpdate) -> dict[str, Any]:
    """Return an answer of a bank with its claims."""
    return {"ack_no": update.ack_no, "job_id": update.job_id, "claims": claimed(update.lines, update.job_id or "")}


# -- wires -------------------------------------------------------------------------------------------------------------


def i4c() -> dict[str, Any]:
    """Return the claims of a status update with every kind of line, well written and odd."""
    about: dict[str, Any] = {
        "root_rrn_transaction_id": ROOT,
        "root_account_number": ACCOUNT,
        "root_bankid": "DEMO",
        "root_ifsc_code": "DEMO0000001",
        "root_effective_balance": "1,250.75",
        "status_code": "00",
        "transaction_datetime": "12-04-2026 14:00:00",
    }
    lines: list[Any] = [
        {"txn_type_id": "1", "txn_type": "Transaction Put on Hold", "amount": "450.50", "phone_number": "9876543210"},
        {
            "txn_type_id": 3,
            "txn_type": "Money Transfer To",
            "amount": "5,000.00",
            "disputed_amount": 4500.5,
            "rrn_transaction_id": "610212349999",
            "payee_bank": "HDFC Bank",
            "payee_bank_code": "HDFC",
            "payee_account_number": "0050100000000002",
            "ifsc_code": "HDFC0000001",
        },
        {"txn_type": "Money Transfer To", "disputed_amount": "12", "payee_bank": "Bank of Nowhere"},
        {"txn_type_id": "5", "amount": "100", "disputed_amount": "100", "atm_id": "ATM7", "place_of_atm": "लखनऊ"},
        {"txn_type_id": "06", "amount": "100", "rrn": "610212340006"},
        {"txn_type_id": "11", "amount": "99.99", "merchant_name": "Shop", "pos_transaction_id": "POS-1", "tid": "T1"},
        {"txn_type_id": "14", "amount": "70", "cheque_no": "000123", "managername": "R. Sharma"},
        {"txn_type_id": "1", "amount": "", "status_code": "01", "remarks": "Record not found"},
        {"txn_type_id": "1", "status_code": 5, "amount": "1"},
        {"txn_type_id": "99", "txn_type": "Something else", "amount": "1.00"},
        {"txn_type_id": "1", "amount": "not money"},
        {"txn_type_id": "1", "amount": "1", "transaction_datetime": "yesterday", "root_rrn_transaction_id": ""},
        "no object",
    ]
    body = {
        "acknowledgement_no": ACK_NO,
        "job_id": "JOB-1",
        "transactions": [about | line if isinstance(line, dict) else line for line in lines],
    }
    return of_update(decode_status_update(orjson.dumps(body), {}, bank("none")))


_LINES: Final[list[dict[str, Any]]] = [
    {"hop": 3, "kind": "held", "amount_paise": 450_50, "at": AT, "balance_paise": -12},
    {
        "hop": 3,
        "kind": "moved",
        "amount_paise": 4_500_50,
        "transfer_paise": 5_000_00,
        "at": AT,
        "reference": "610212349999",
        "payee": {"institution": "HDFC", "account": "0050100000000002", "ifsc": "HDFC0000001"},
    },
    {
        "hop": 4,
        "kind": "moved",
        "amount_paise": 12_00,
        "reference": "0",
        "payee": {"institution": "some app", "account": "shop@okpnb"},
    },
    {"hop": 3, "kind": "withdrawn", "by": "atm", "amount_paise": 100_00, "at": AT, "place": "लखनऊ"},
    {"hop": 3, "kind": "withdrawn", "by": "aeps", "amount_paise": 100_00, "at": AT, "reference": "610212340006"},
    {"hop": 3, "kind": "withdrawn", "by": "cheque", "amount_paise": 70_00, "at": AT, "reference": "000123"},
    {"hop": 4, "kind": "spent", "amount_paise": 99_99, "at": AT, "merchant": "Shop", "reference": "POS-1"},
    {"hop": 4, "kind": "refused", "code": "01", "remarks": "Record not found"},
    {"hop": 3, "kind": "refused", "code": "05"},
]


def api() -> list[Any]:
    """Return the claims of an answer over our own API, as banks of the webhook and of the feed give it."""
    of_holder = {"holder_phone": "9876543210", "holder_email": "holder@example.in"}
    answer = BankAnswer.model_validate({"lines": [_LINES[0] | of_holder, *_LINES[1:]]})
    return claimed(answer_lines(answer.lines, ASKED), str(REQUEST_ID))


def telephone() -> list[Any]:
    """Return the claims of the same answer by telephone, as an officer enters it."""
    answer = BankAnswer.model_validate({"lines": _LINES})
    told = Told(flags_of(number_is_known=False), {"channel": CHANNEL, "entered_by": "officer:desk"})
    return claimed(answer_lines(answer.lines, ASKED, told), str(REQUEST_ID), f"|{CHANNEL}")


def debit() -> list[Any]:
    """Return the claims of a victim's bank."""
    payee = {"institution": "HDFC Bank", "account": ACCOUNT}
    lines = [
        {"kind": "debited", "reference": ROOT, "amount_paise": 5_000_00, "at": AT, "payer_account": "30000000001"},
        {"kind": "debited", "reference": OTHER_ROOT, "amount_paise": 1, "payee": payee, "remarks": "the same day"},
        {"kind": "not_debited", "code": "01", "remarks": "Record not found"},
    ]
    answer = DebitAnswer.model_validate({"lines": lines})
    return claimed(debit_lines(answer.lines, ROOT), str(REQUEST_ID))


def iso20022() -> dict[str, Any]:
    """Return the claims of both resolutions among the wires."""
    messages = iso_messages()
    found = {name: decode(messages[f"iso20022/{name}.xml"]) for name in ("resolution", "resolution-whole")}
    return {name: of_update(update) for name, update in found.items() if isinstance(update, StatusUpdate)}


def returned() -> Any:
    """Return what is read of money that a bank returns."""
    found = decode(iso_messages()["iso20022/return.xml"])
    assert isinstance(found, ReturnedFunds)
    return asdict(found)


# -- pages -------------------------------------------------------------------------------------------------------------


def _open() -> dict[int, AskedTransfer]:
    return {
        no: AskedTransfer(
            no=no, rrn=asked.reference, amount_paise=5_000_00, disputed_paise=4_500_50, at=NOW, layer=no - 1
        )
        for no, asked in (ASKED | {5: Asked(reference="610212340005", account="")}).items()
    }


def _form() -> AnswerForm:
    fields = {
        "name": ANSWERER.name,
        "designation": ANSWERER.designation,
        "made": (NOW - timedelta(minutes=5)).isoformat(),
        "t3.seen": "450050",
        "t3.held": "450.50",
        "t3.phone": "9876543210",
        "t3.email": "holder@example.in",
        "t3.m1.bank": "HDFC Bank",
        "t3.m1.account": "0050100000000002",
        "t3.m1.ifsc": "hdfc0000001",
        "t3.m1.rrn": "610212349999",
        "t3.m1.amount": "1,000",
        "t3.m1.whole": "5,000",
        "t3.m1.when": "12-04-2026 14:00:00",
        **{f"t3.o{row}.how": how for row, how in enumerate(("atm", "aeps", "pos", "cheque"), 1)},
        **{f"t3.o{row}.amount": f"{row}00" for row in range(1, 5)},
        **{f"t3.o{row}.when": "12-04-2026 14:30" for row in range(1, 5)},
        "t3.o1.place": "लखनऊ",
        "t4.seen": "450050",
        "t4.no": "01",
        "t5.seen": "450050",
        "t5.no": "20",
    }
    reading = read_form(fields, _open(), NOW)
    assert reading.form is not None, reading.errors
    return reading.form


def _table() -> AnswerForm:
    """Return the form of a table that states the same."""
    rows = [
        "request,rrn,what,rupees,reference,bank,account,ifsc,when,where",
        f"{REQUEST_ID},{ROOT},held,450.50,,,,,,",
        f"{REQUEST_ID},{ROOT},moved,1000,610212349999,HDFC Bank,0050100000000002,HDFC0000001,12-04-2026 14:00:00,",
        f"{REQUEST_ID},{ROOT},atm,100,,,,,12-04-2026 14:30,लखनऊ",
        f"{REQUEST_ID},{ROOT},cheque,400,,,,,12-04-2026 14:30,",
        f"{REQUEST_ID},{OTHER_ROOT},01,,,,,,,",
    ]
    reading = rows_of("\n".join(rows), TEXTS[Language.EN])
    view = AnswerView(
        state=LinkState.OPEN,
        institution="DEMO",
        case_no=ACK_NO,
        subject_id=REQUEST_ID,
        expires_at=NOW,
        items=_open(),
    )
    who = {"name": ANSWERER.name, "designation": ANSWERER.designation}
    views: Mapping[UUID, AnswerView] = {REQUEST_ID: view}
    TableReader(views, {REQUEST_ID: {}}, who, NOW.isoformat(), NOW, Language.EN, TEXTS[Language.EN]).read(reading)
    assert not [line.problem for line in reading.lines if line.problem]
    return reading.forms[REQUEST_ID]


def of_form(form: AnswerForm, answerer: Answerer) -> dict[str, Any]:
    """Return the claims of a form of the bank's officer, and the digest that makes two forms the same."""
    lines = to_lines(form.stated.values(), answerer, form.made_at)
    return {"digest": form.digest.hex(), "claims": claimed(lines, job_id_of(REQUEST_ID))}


# -- files -------------------------------------------------------------------------------------------------------------


def workbook() -> dict[str, Any]:
    """Return the claims of a workbook's rows, and the digests by which the same rows are known again."""
    reading = read(
        sheet(
            Sheet.TRANSFER.value,
            moved(1, ROOT, ROOT, 10_000),
            moved(2, ROOT, "610212349999", 6_000, bank="PUNB Bank", ifsc="PUNB0001234"),
            moved(2, ROOT, "", "4,000.50", bank="some app", payee_account="", ifsc="", transaction_date="soon"),
        ),
        sheet(Sheet.HOLD.value, said(ROOT, 1_000), said("", 500, account=ACCOUNT)),
        sheet(Sheet.ATM.value, said(ROOT, 700, atm_id="ATM7")),
        sheet(Sheet.CHEQUE.value, said(ROOT, 600, reference_no="000123")),
        sheet(Sheet.POS.value, said(ROOT, 300, mid="M1")),
        sheet(Sheet.AEPS.value, said("", 200, parent_utr=ROOT, parent_account="0010000000")),
        sheet(Sheet.OTHER.value, said(ROOT, None, remarks="holder absconding")),
        sheet(Sheet.SMALL.value, said(ROOT, None)),
    )
    lines = [trail_lines.to_line(number, row, "import:a", _END) for number, row in enumerate(reading.said, 1)]
    return {
        "digest": trail_lines.digest(ACK_NO, "HDFC", reading.said).hex(),
        "content": trail_lines.content((*reading.transfers, *reading.said)),
        "claims": claimed(lines, ""),
    }


_END: Final = datetime.fromisoformat("2026-11-30T00:00:00+00:00")
"""when the workbook is read: after every date in it"""


def confirmations() -> dict[str, str]:
    """Return the natural key of what a bank states under an order, with a reference of its own and without one."""
    with_reference = ConfirmedLine(line_no=1, amount_paise=450_050, done_at=NOW, reference="utr-1")
    without = ConfirmedLine(line_no=2, amount_paise=7, done_at=NOW)
    return {str(ORDER_ID): natural_key(with_reference), "without a reference": natural_key(without)}
