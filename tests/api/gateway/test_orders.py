"""A bank's orders at the gateway: what it reads, and what becomes of its statement."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from activities.gateway import inbox
from activities.recovery import bank_replies, hold_lifecycle
from db.privacy.body_keys import PDF
from db.recovery import bank_orders
from schemas.enums import ChannelKind, Role
from schemas.recovery.orders import OrderConfirmation
from schemas.restoration_enums import OrderKind
from schemas.text import IST
from tests.api.answer_post import WHO, Page, read, switched
from tests.api.conftest import Doors
from tests.api.feed import Feed, Waits, feed, kind, waits
from tests.api.gateway.test_inbox import Browser, browser, links_of
from tests.api.gateway.test_inbox_people import by_two, confirm, person_of, waiting_of
from tests.api.ordered import HELD_PAISE, VICTIM, Ordering, done, ordering
from tests.desk_tasks import NOT_DONE, bank_notes
from tests.factories import rrn
from tests.opened_bodies import opened_rows
from tests.sealed_documents import sealed_document

__all__ = ["browser", "feed", "ordering", "waits"]

REFUSAL = {"code": "NO-HOLD", "reason": "the account was attached by a court"}


# -- reading -----------------------------------------------------------------------------------------------------------


async def test_an_order_says_what_to_credit_and_where(ordering: Ordering) -> None:
    case_no = await ordering.case()
    order_id = await ordering.plan(case_no)
    page = (await ordering.get()).json()
    (item,) = page["items"]
    assert item == (await ordering.get(f"/{order_id}")).json()
    assert (item["order_id"], item["kind"], item["state"], item["ack_no"]) == (
        str(order_id),
        "restore",
        "delivered",
        case_no,
    )
    assert page["next"] is None
    (line,) = item["lines"]
    assert line == {
        "line_no": 1,
        "hop": 1,
        "reference": "412345678901",
        "account": "30000000001",
        "amount_paise": HELD_PAISE,
        "confirmed_paise": 0,
        "beneficiary": VICTIM.model_dump(),
    }


async def test_what_is_not_delivered_is_in_no_list_and_no_bank_reads_anothers(ordering: Ordering) -> None:
    order_id = await ordering.restore(delivered=False)
    assert (await ordering.get()).json()["items"] == []
    for path in ("", "/document"):
        theirs = await ordering.get(f"/{order_id}{path}", bank="HDFC")
        assert kind(theirs, 404) == kind(await ordering.get(f"/{uuid4()}{path}"), 404) == "not-found"
    for verb, body in (("acknowledge", {}), ("confirm", done()), ("refuse", REFUSAL)):
        assert kind(await ordering.say(order_id, verb, body, bank="HDFC"), 404) == "not-found"
    assert await ordering.buckets() == {"held": HELD_PAISE}


async def test_orders_are_paged_and_filtered_by_state(ordering: Ordering) -> None:
    orders = [await ordering.plan(await ordering.case(f"5{n:011}", f"3000000000{n}")) for n in range(1, 4)]
    found, cursor = [], None
    for more in (True, False):
        page = (await ordering.get(limit=2, **({"cursor": cursor} if cursor else {}))).json()
        found += [item["order_id"] for item in page["items"]]
        cursor = page["next"]
        assert (cursor is not None) is more
    assert found == [str(order_id) for order_id in orders]
    await ordering.say(orders[1], "confirm", done())
    confirmed = (await ordering.get(state="confirmed")).json()["items"]
    assert [item["order_id"] for item in confirmed] == [str(orders[1])]
    assert kind(await ordering.get(cursor="nonsense"), 422) == "invalid-request"
    assert kind(await ordering.get(state="lost"), 422) == "invalid-request"


async def test_the_document_is_there_once_it_is_issued(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    assert kind(await ordering.get(f"/{order_id}/document"), 409) == "no-document"
    ctx = ordering.doors.services.ctx
    case_no = await ctx.pool.fetchval("SELECT case_no FROM bank_order WHERE order_id = $1", order_id)
    await ctx.pool.execute(
        "INSERT INTO document (document_id, number, kind, subject, case_no, order_id, language, template_version,"
        " issued_at, issued_by, sealed_facts, size_bytes, digest, person_id, sealed_pdf)"
        " VALUES ($1, 'X/1', 'restoration_order', $2::text, $3, $2::text::uuid, 'en', '1', now(), 'officer:sp',"
        " $6, 6, $4, $5, $6)",
        uuid4(),
        str(order_id),
        case_no,
        *await sealed_document(ctx, case_no, PDF, b"%PDF-1"),
    )
    response = await ordering.get(f"/{order_id}/document")
    assert (response.content, response.headers["content-type"]) == (b"%PDF-1", "application/pdf")
    assert response.headers["ratelimit"]
    assert (await ordering.get(f"/{order_id}")).json()["paper_number"] == "X/1"


# -- the bank's statement ----------------------------------------------------------------------------------------------


async def test_what_a_bank_fetches_is_kept_as_it_was_served(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    page, one = await ordering.get(), await ordering.get(f"/{order_id}")
    pool = ordering.doors.services.ctx.pool
    served = "WHERE order_id = $1 AND channel = 'pull'"
    (row,) = await opened_rows(ordering.doors.services.ctx, "bank_exchange", served, order_id)
    assert (row["about"], row["head"], row["body"]) == ("order", f"FEED order {order_id}\n", one.content)
    assert row["body"] in page.content
    await ordering.say(order_id, "acknowledge", {})
    data = await pool.fetchval(
        "SELECT data FROM case_event WHERE data->>'order_id' = $1 AND kind = 'order_acknowledged'", str(order_id)
    )
    assert row["digest"].hex() in [exchange["sent_sha256"] for exchange in data["exchanges"]]


async def test_a_receipt_is_one_however_often_it_is_given(ordering: Ordering) -> None:
    order_id = await ordering.restore(delivered=False)
    first, again = [(await ordering.say(order_id, "acknowledge", {})).json() for _ in range(2)]
    assert first == again
    assert await ordering.state(order_id) == "delivered", "no other channel need try any more"
    kinds = await ordering.events()
    assert (kinds.count("order_acknowledged"), kinds.count("order_delivered")) == (1, 1)
    other = await ordering.plan(await ordering.case("422222222222", "30000000002"))
    await ordering.say(other, "confirm", done())
    assert kind(await ordering.say(other, "acknowledge", {}), 409) == "order-over"


async def test_the_same_statement_gets_the_same_answer_and_moves_money_once(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    first, again = [await ordering.say(order_id, "confirm", done()) for _ in range(2)]
    assert (
        first.json()
        == again.json()
        == {
            "order_id": str(order_id),
            "state": "confirmed",
            "applied": 1,
            "duplicates": 0,
            "contradictions": 0,
        }
    )
    assert await ordering.buckets() == {"restored": HELD_PAISE}
    assert await ordering.value("SELECT count(*) FROM bank_evidence") == 2, "every statement is kept as it came"


async def test_under_one_key_one_statement(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    wrong = await ordering.say(
        order_id, "confirm", {"lines": [{**done()["lines"][0], "line_no": 2}]}, Idempotency_Key="k"
    )
    assert kind(wrong, 422) == "invalid-request"
    assert wrong.json()["violations"][0]["field"] == "lines[0].line_no"
    first = await ordering.say(order_id, "confirm", done(1_000_00), Idempotency_Key="k")
    assert (await ordering.say(order_id, "confirm", done(1_000_00), Idempotency_Key="k")).json() == first.json()
    other = await ordering.say(order_id, "confirm", done(2_000_00), Idempotency_Key="k")
    assert kind(other, 422) == "idempotency-key-reused"
    assert await ordering.buckets() == {"held": 4_000_00, "restored": 1_000_00}


async def test_two_statements_at_once_are_booked_once_each_and_never_above_the_order(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    words = [done(3_000_00, f"UTR{n}") for n in range(1, 4)]
    taken = await asyncio.gather(*(ordering.say(order_id, "confirm", word) for word in words))
    assert all(response.status_code == 200 for response in taken), [response.text for response in taken]
    assert await ordering.buckets() == {"restored": HELD_PAISE}
    assert sum(response.json()["contradictions"] for response in taken) == 2
    assert await ordering.value("SELECT sum(applied_paise) FROM bank_confirmation") == HELD_PAISE


async def test_a_refusal_is_for_a_person_and_the_order_lives_on(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    first, again = [await ordering.say(order_id, "refuse", REFUSAL) for _ in range(2)]
    assert first.json() == again.json() == {"order_id": str(order_id), "state": "refused"}
    tasks = await bank_notes(ordering.doors.services.ctx.pool, "kind = 'order_silent'")
    assert tasks == [("SBIN", f"order {order_id}: {NOT_DONE}")]
    assert (await ordering.events()).count("order_refused") == 1
    await ordering.say(order_id, "confirm", done())
    assert await ordering.state(order_id) == "confirmed", "a bank that does it all the same is believed"
    assert kind(await ordering.say(order_id, "refuse", REFUSAL), 409) == "order-over"
    for bad in ({**REFUSAL, "code": "a b"}, {**REFUSAL, "reason": " "}, {"code": "X"}, {**REFUSAL, "reason": "a\0"}):
        assert kind(await ordering.say(order_id, "refuse", bad), 422) == "invalid-request"


@pytest.mark.parametrize(
    "line",
    [
        {"line_no": 1, "amount_paise": 0, "done_at": "2026-11-25T09:00:00Z"},
        {"line_no": 1, "amount_paise": 100, "done_at": "2026-11-25T09:00:00"},
        {"line_no": 0, "amount_paise": 100, "done_at": "2026-11-25T09:00:00Z"},
        {"line_no": 1, "amount_paise": "100", "done_at": "2026-11-25T09:00:00Z"},
    ],
    ids=["nothing", "naive", "line 0", "text"],
)
async def test_a_statement_that_is_none_is_refused_with_the_field(ordering: Ordering, line: dict[str, object]) -> None:
    order_id = await ordering.restore()
    assert kind(await ordering.say(order_id, "confirm", {"lines": [line]}), 422) == "invalid-request"
    assert await ordering.buckets() == {"held": HELD_PAISE}


async def test_a_reference_with_another_amount_is_not_taken_for_said_again(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    await ordering.say(order_id, "confirm", done(2_000_00))
    again = (await ordering.say(order_id, "confirm", done(3_000_00))).json()
    assert (again["applied"], again["duplicates"], again["contradictions"]) == (0, 0, 1)
    assert await ordering.buckets() == {"held": 3_000_00, "restored": 2_000_00}


# -- holds -------------------------------------------------------------------------------------------------------------


async def test_a_hold_is_confirmed_as_released_in_whole(ordering: Ordering, feed: Feed) -> None:
    hold_id = await feed.hold()
    case_no = await ordering.value("SELECT case_no FROM case_file")
    await feed.post(hold_id, "answer", {"lines": [{"kind": "held", "hop": 1, "amount_paise": HELD_PAISE}]})
    assert kind(await feed.post(hold_id, "release-confirm"), 409) == "no-release-order"
    await hold_lifecycle.open_for_new_holds(ordering.doors.services.ctx, case_no)
    order_id = await ordering.plan(case_no, OrderKind.RELEASE)
    for _ in range(2):
        assert (await feed.post(hold_id, "release-confirm")).status_code == 204
    assert await ordering.buckets() == {"released": HELD_PAISE}
    assert await ordering.state(order_id) == "confirmed"
    assert await ordering.value("SELECT count(*) FROM bank_confirmation") == 1


async def test_an_order_wakes_the_bank_that_waits_for_the_feed(ordering: Ordering, feed: Feed, waits: Waits) -> None:
    case_no = await ordering.case()
    order_id = await ordering.plan(case_no, delivered=False)
    cursor = (await feed.page())["next"]
    waiting = asyncio.create_task(feed.page(cursor=cursor, wait_seconds=30))
    await waits.begun()
    async with ordering.doors.services.ctx.pool.acquire() as connection:
        await bank_orders.delivered(connection, order_id, ChannelKind.PULL, "J-1", datetime.now(UTC))
    page = await waiting
    assert (page["items"], page["orders_waiting"]) == ([], 1)
    assert waits.ended[-1], "it was woken"


# -- the inbox ---------------------------------------------------------------------------------------------------------


async def test_leaving_a_cancelled_order_undone_needs_two_people(
    doors: Doors, browser: Browser, ordering: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx = doors.services.ctx
    await by_two(ctx, is_so=True)
    maker, checker = [await person_of(doors, name) for name in ("A. Maker", "B. Checker")]
    await confirm(doors)
    order_id = await ordering.restore()
    await an_order_is_switched_with_what_is_typed(browser, f"/inbox/orders/{order_id}")
    cancelled = {"reason": "told by telephone"}
    await doors.post(f"/api/v1/orders/{order_id}/cancel", cancelled, Role.SP)
    path, leave = f"/inbox/orders/{order_id}", {"step": "acknowledge"}

    async def settled_by() -> Any:
        return (await doors.read(f"/api/v1/orders/{order_id}"))["cancellation"]["settled_by"]

    assert "a colleague checks it first" in (await maker.page(path)).words
    assert "Sign in with your own login" in read(await browser.client.post(path, data=leave), 403).words
    assert "It waits for a colleague" in read(await maker.client.post(path, data=leave)).words
    (waits,) = waiting_of(await checker.page("/inbox/checks"))
    assert await settled_by() is None, "one person alone acknowledges nothing"
    assert "The order is left undone" in (await checker.page(waits)).words
    assert (await checker.client.post(waits, data={"step": "send"})).status_code == 303
    assert await settled_by() == "bank:SBIN"
    assert waiting_of(await checker.page("/inbox/checks")) == []
    await a_confirmation_has_both_names_also_after_the_order_is_cancelled(maker, checker, ordering)
    await by_two(ctx, is_so=False)
    monkeypatch.setattr(inbox, "PAGE", 1)
    await confirmed_orders_are_found_and_paged(browser, ordering)


async def an_order_is_switched_with_what_is_typed(browser: Browser, path: str) -> None:
    """The form and its check are shown in the other language, and nothing typed is lost."""
    done = {**WHO, "l1.amount": "100", "l1.when": f"{datetime.now(IST):%Y-%m-%d}", "l1.reference": "UTR 70000"}
    form = await browser.page(path)
    await switched(browser.client.post, path, form, **done | {"l1.amount": "five"})
    check = read(await browser.client.post(path, data=form.fields | done | {"step": "check"}))
    hindi = await switched(browser.client.post, path, check)
    assert (hindi.fields, hindi.buttons[-2:]) == (check.fields, ["send", "edit"])


async def a_confirmation_has_both_names_also_after_the_order_is_cancelled(
    maker: Browser, checker: Browser, ordering: Ordering
) -> None:
    """The second person reads the account, and that the order was cancelled meanwhile. What was credited is told."""
    account = rrn()
    case_no = await ordering.case(rrn(), account)
    order_id = await ordering.plan(case_no)
    path = f"/inbox/orders/{order_id}"
    form = (await maker.page(path)).fields
    (left,) = [name for name in form if name.endswith(".left")]
    line, paise = left.removesuffix("left"), int(form[left])
    day = f"{datetime.now(UTC).astimezone(IST):%Y-%m-%d}"
    stated = {left: form[left], f"{line}amount": f"{paise / 100}", f"{line}when": day, f"{line}reference": "UTR 70009"}
    assert "It waits for a colleague" in read(await maker.client.post(path, data=stated | {"step": "send"})).words
    (waits,) = waiting_of(await checker.page("/inbox/checks"))
    assert account in (await checker.page(waits)).words
    await ordering.doors.post(f"/api/v1/orders/{order_id}/cancel", {"reason": "another claim"}, Role.SP)
    assert "This order was cancelled." in (await checker.page(waits)).words
    assert "fully confirmed" in read(await checker.client.post(waits, data={"step": "send"})).words
    assert "by A. Maker, B. Checker" in (await checker.page("/inbox/answered")).words


async def confirmed_orders_are_found_and_paged(browser: Browser, ordering: Ordering) -> None:
    """The newest confirmed order stands first. Its case, its account and the bank's reference find each."""
    documents = []
    for reference in ("UTR 70001", "UTR 70002"):
        root, account = rrn(), rrn()
        case_no = await ordering.case(root, account)
        order_id = await ordering.plan(case_no)
        stated = OrderConfirmation.model_validate(done(reference=reference))
        await bank_replies.confirm(ordering.doors.services.ctx, "SBIN", order_id, stated, None)
        documents.append(f"/inbox/orders/{order_id}/document")
        for find in (case_no, account, root, reference.lower()):
            found = await browser.client.post("/inbox/answered", data={"find": find})
            assert documents_of(read(found)) == documents[-1:], find
    first = await browser.page("/inbox/answered")
    assert documents_of(first) == documents[1:]
    second = await browser.client.post("/inbox/answered", data={"before_order": first.fields["before_order"]})
    assert documents_of(read(second)) == documents[:1]
    wrong = await browser.client.post("/inbox/answered", data={"before_order": "x"})
    assert documents_of(read(wrong)) == documents[1:], "a place that is none is the first one"


def documents_of(page: Page) -> list[str]:
    """The documents of orders to which a page leads."""
    return [path for path in links_of(page) if path.endswith("/document")]
