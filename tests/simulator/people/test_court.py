"""The simulated court: the API accepts its orders, and the same order comes every time."""

from datetime import date

from schemas.recovery.court_orders import NewCourtOrder
from schemas.restoration_enums import CourtOrderEffect, CourtOrderKind
from simulator.people.police import Court, one_page_pdf
from tests.each import each

ACK_NO = "20112400000001"
DAY = date(2026, 11, 24)


@each("kind", list(CourtOrderKind))
def test_an_order_is_what_the_api_takes(kind: CourtOrderKind) -> None:
    told = Court().order(ACK_NO, kind.value, on=DAY)
    order = NewCourtOrder.model_validate(told)
    assert (order.kind, order.effect, order.made_on) == (kind, CourtOrderEffect.RESTORE, DAY)
    assert order.document is not None
    assert order.order_no.encode() in order.document
    assert Court().order(ACK_NO, kind.value, on=DAY) == told


def test_a_court_turns_some_applications_down() -> None:
    court = Court(refuses=0.5)
    effects = [court.order(f"{20112400000000 + number}", "bnss_497")["effect"] for number in range(200)]
    assert 60 < effects.count("refuse") < 140
    assert court.order(ACK_NO, "bnss_497", "keep_hold")["effect"] == "keep_hold"


def test_a_pdf_says_where_its_parts_are() -> None:
    pdf = one_page_pdf("a (bracket) and a \\ and ₹")
    start = int(pdf.split(b"startxref\n")[1].split(b"\n")[0])
    assert pdf[start:].startswith(b"xref\n0 6\n")
    for number in range(1, 6):
        place = int(pdf[start:].split(b"\n")[2 + number].split()[0])
        assert pdf[place:].startswith(b"%d 0 obj" % number)
    assert rb"a \(bracket\) and a \\ and ?" in pdf
