"""How the editions of a pack name victims."""

import json
from typing import Any

from domain.evidence.pseudonyms import VictimsNamed, pseudonym
from domain.evidence_binding import COMPLAINTS, Edition, is_document_excluded, is_excluded, is_statement_excluded
from schemas.banks.keys import About
from schemas.enums import ChannelKind
from schemas.restoration_enums import DocumentKind
from tests.each import each

VICTIM = {"name": "Asha", "mobile": "…1234", "woman": True, "child": True, "senior": False, "district_as_told": "Gola"}
COMPLAINT = {"ack_no": "1", "category": "Sextortion", "marked": True, "flags": [], "victim": VICTIM}


def named(edition: Edition, file: str, row: Any, *, is_marked: bool = True) -> Any:
    return json.loads(VictimsNamed(edition, is_marked=is_marked).line(file, json.dumps(row)))


def test_m11_the_accused_reads_a_pseudonym_and_nothing_of_a_marked_victim() -> None:
    assert named(Edition.ACCUSED, COMPLAINTS, COMPLAINT) == {"ack_no": "1", "victim": {"name": "Victim A"}}


def test_m11_the_court_reads_the_name_and_which_pseudonym_it_has() -> None:
    court = named(Edition.COURT, COMPLAINTS, COMPLAINT)
    assert court == COMPLAINT | {"victim": VICTIM | {"pseudonym": "Victim A"}}


def test_m11_of_another_case_the_accused_reads_the_name_and_no_trait() -> None:
    found = named(Edition.ACCUSED, COMPLAINTS, COMPLAINT, is_marked=False)
    assert found["victim"] == {"name": "Asha", "mobile": "…1234"}
    text = json.dumps(COMPLAINT)
    assert VictimsNamed(Edition.COURT, is_marked=False).line(COMPLAINTS, text) is text


def test_m11_each_complaint_of_a_case_has_its_own_pseudonym() -> None:
    pack = VictimsNamed(Edition.ACCUSED, is_marked=True)
    names = [json.loads(pack.line(COMPLAINTS, json.dumps(COMPLAINT)))["victim"]["name"] for _ in range(3)]
    assert names == ["Victim A", "Victim B", "Victim C"]
    assert [pseudonym(place) for place in (26, 27)] == ["Victim Z", "Victim 27"]


@each(
    ("holder", "shown"),
    [("30000000001", "30000000001"), ("asha.1990@okaxis", "…@okaxis"), ("9876501234", "…1234"), (None, None)],
)
def test_m11_a_payment_address_that_can_name_the_victim_is_cut(holder: str | None, shown: str | None) -> None:
    transfer = {"payer_holder": holder, "payer_vpa": holder, "payee_holder": "x@ybl"}
    found = named(Edition.ACCUSED, "case/complaint_transfers.jsonl", transfer)
    assert found == {"payer_holder": shown, "payer_vpa": shown, "payee_holder": "x@ybl"}
    if holder is not None:
        for layer, wanted in ((1, shown), (2, holder)):
            hop = {"payer_holder": holder, "layer": layer}
            assert named(Edition.ACCUSED, "case/hops.jsonl", hop)["payer_holder"] == wanted
    assert named(Edition.COURT, "case/complaint_transfers.jsonl", transfer) == transfer


def test_m11_documents_that_can_name_a_marked_victim_are_excluded_for_the_accused() -> None:
    for kind, marked, unmarked in (
        ("", True, False),
        (DocumentKind.RESTORATION_ORDER, True, False),
        (DocumentKind.LIEN_NOTICE, False, False),
    ):
        assert is_document_excluded(Edition.ACCUSED, kind, is_marked=True) is marked
        assert is_document_excluded(Edition.ACCUSED, kind, is_marked=False) is unmarked
        assert not is_document_excluded(Edition.COURT, kind, is_marked=True)
    assert is_document_excluded(Edition.ACCUSED, DocumentKind.STATUS_LETTER, is_marked=False)


def test_m11_the_inquiry_to_the_victims_bank_is_left_out_as_the_hold_request_is() -> None:
    for about in (About.HOLD_REQUEST, About.PAYER_INQUIRY):
        assert is_excluded(Edition.ACCUSED, about, ChannelKind.I4C, "content", of_marked_restoring=False)
    assert not is_excluded(Edition.ACCUSED, About.ORDER, ChannelKind.I4C, "content", of_marked_restoring=False)


def test_m11_what_a_bank_stated_of_a_credit_is_left_out_of_a_marked_case() -> None:
    for name, left_out in (("confirmation-1.jsonl", True), ("answer-1.jsonl", False)):
        assert is_statement_excluded(Edition.ACCUSED, name, is_marked=True) is left_out
        assert not is_statement_excluded(Edition.ACCUSED, name, is_marked=False)
        assert not is_statement_excluded(Edition.COURT, name, is_marked=True)


def test_m11_the_bytes_of_an_order_to_restore_of_a_marked_case_are_left_out_on_every_channel() -> None:
    for channel in ChannelKind:
        for file, left_out in (("body", True), ("content", True), ("reply", True), ("request.txt", False)):
            assert is_excluded(Edition.ACCUSED, About.ORDER, channel, file, of_marked_restoring=True) is left_out
            assert not is_excluded(Edition.COURT, About.ORDER, channel, file, of_marked_restoring=True)


@each(
    ("file", "row", "shown"),
    [
        ("orders/lines.jsonl", {"beneficiary_holder": "asha@okaxis"}, {"beneficiary_holder": "…@okaxis"}),
        ("orders/lines.jsonl", {"beneficiary_holder": "30000000001"}, {"beneficiary_holder": "30000000001"}),
        ("orders/confirmations.jsonl", {"credited_holder": "9876501234"}, {"credited_holder": "…1234"}),
        ("orders/credit_accounts.jsonl", {"account": "9876501234", "proof": "of Asha"}, {"account": "…1234"}),
        ("orders/words_proposed.jsonl", {"lines": [{"credited_account": "a@ybl"}, {}]}, None),
        ("banks/payer_found_transfers.jsonl", {"payer_account": "asha@okaxis"}, {"payer_account": "…@okaxis"}),
        ("banks/payer_statements.jsonl", {"payer_key": "ASHA@OKAXIS"}, {"payer_key": "…@OKAXIS"}),
        ("case/hop_corrections.jsonl", {"before": {"payer_holder": "a@ybl"}, "after": {}}, None),
        ("restorations/objections.jsonl", {"by_whom": "victim", "text": "I am Asha"}, {"by_whom": "victim"}),
        ("restorations/objections.jsonl", {"by_whom": "bank", "text": "of Asha"}, {"by_whom": "bank"}),
        ("restorations/objections.jsonl", {"by_whom": "holder", "text": "x"}, {"by_whom": "holder", "text": "x"}),
    ],
)
def test_m11_what_orders_banks_and_objections_say_of_a_marked_victim_is_cut(file: str, row: Any, shown: Any) -> None:
    found = named(Edition.ACCUSED, file, row)
    assert found == (json.loads(json.dumps(row).replace("a@ybl", "…@ybl")) if shown is None else shown)
    assert named(Edition.COURT, file, row) == row
    assert named(Edition.ACCUSED, file, row, is_marked=False) == row
