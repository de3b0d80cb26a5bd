"""The text about a task: every cause has one, in every language that has a table."""

from domain.recovery.documents import requirements
from domain.work_items.task_notes import NAMES, TEXTS, compose, document_name, field_names, name_of
from schemas.enums import ClaimKind, DiscrepancyKind, KeyChangeKind, Language
from schemas.privacy.personal_data import ReachWay
from schemas.restoration_enums import DocumentKind
from schemas.tasks import DocumentWaits, TaskCause, TaskFacts, TaskSubject, about
from tests.each import each

_LACKING = ("officer.rank", "accounts[0].amount_paise", "accounts[1].amount_paise", "new_field")
ORDER = about(TaskSubject.ORDER, "6f1c")


def test_every_cause_has_a_text() -> None:
    assert set(TaskCause) <= set(TEXTS[Language.EN])


@each("language", Language)
def test_every_document_and_each_fact_that_it_needs_has_a_name(language: Language) -> None:
    for kind in DocumentKind:
        assert document_name(kind, language) != kind
        for rule in requirements(kind):
            empty = rule.field.partition("[]")[0] + "[]"
            for field in (rule.field, empty) if "[]" in rule.field else (rule.field,):
                assert field_names([field], language) != field


def test_every_code_that_facts_state_has_a_name_in_both_languages() -> None:
    for kind, names in NAMES.items():
        assert set(kind) == set(names)
        assert all(both[0] and both[1] and name_of(kind, code, Language.HI) == both[1] for code, both in names.items())
    facts = TaskFacts(detail="bank_login_replaced", code="agreed")
    hindi = compose(TaskCause.PROPOSAL_DECIDED, about(TaskSubject.PROPOSAL, 7), facts, Language.HI)
    assert hindi.startswith("आपके प्रस्ताव 7 (बैंक को नया लॉगिन देना) पर निर्णय हुआ: सहमति मिली।")
    facts = TaskFacts(institution="HDFC", key_change=KeyChangeKind.END, detail="K1", request_id="R")
    asked = compose(
        TaskCause.BANK_KEY_ASKED, about(TaskSubject.INSTITUTION, "HDFC"), facts, names={"HDFC": "HDFC Bank"}
    )
    assert asked.startswith("HDFC Bank asks in its inbox to end the key K1 (request R): ")


def test_a_bank_is_named_and_one_without_a_name_stands_by_its_code() -> None:
    facts = TaskFacts(institution="HDFC", to_bank="XYZB", claimed_paise=5_00)
    text = compose(TaskCause.TRANSFER_FOUND, about(TaskSubject.HOP, 7), facts, names={"HDFC": "HDFC Bank"})
    assert "HDFC Bank, the victim's bank" in text
    assert "₹5 to XYZB" in text


@each("cause", TaskCause)
def test_every_cause_is_composed_from_whatever_facts_are_known(cause: TaskCause) -> None:
    for kind in TaskSubject:
        assert isinstance(compose(cause, about(kind, 7), TaskFacts()), str)


def test_an_item_is_told_in_the_language_of_its_reader() -> None:
    english = compose(TaskCause.ORDER_NOT_DONE, ORDER, TaskFacts())
    assert english == "order 6f1c: the bank has not done it: telephone it, and write down what it has done"
    hindi = compose(TaskCause.ORDER_NOT_DONE, ORDER, TaskFacts(institution="HDFC"), Language.HI)
    assert hindi == "आदेश 6f1c: HDFC ने पालन नहीं किया: फ़ोन करें, और जो किया हो वह लिखें"


@each(
    ("cause", "kind", "facts", "text"),
    [
        (TaskCause.ORDER_NOT_SENT, TaskSubject.ORDER, TaskFacts(error="X"), "order 7: not sent: X"),
        (TaskCause.SMALL_HOLD, TaskSubject.HOLD, TaskFacts(institution="HDFC"), "what else it has is not known"),
        (
            TaskCause.UNREACHABLE,
            TaskSubject.COMPLAINT,
            TaskFacts(message="hold", way=ReachWay.CALL),
            "the victim of complaint 7 wants to be reached by telephone alone (“money on your account is on hold”)",
        ),
        (
            TaskCause.UNREACHABLE,
            TaskSubject.COMPLAINT,
            TaskFacts(message="hold"),
            "the victim of complaint 7 cannot be told (“money on your account is on hold”): no mobile and no e-mail is",
        ),
        (
            TaskCause.ANSWER_NOT_UNDERSTOOD,
            TaskSubject.HOP,
            TaskFacts(institution="HDFC", line=ClaimKind.UNKNOWN, code="00", claimed_paise=1_250_50),
            "HDFC says something that is not understood (code 00, ₹1,250.50): read the line in the answers of the case",
        ),
        (
            TaskCause.ANSWER_NOT_UNDERSTOOD,
            TaskSubject.CASE,
            TaskFacts(institution="HDFC", line=ClaimKind.UNREADABLE, detail="amount: is missing"),
            "HDFC sent a line that cannot be read (amount: is missing)",
        ),
        (
            TaskCause.ANSWER_NOT_UNDERSTOOD,
            TaskSubject.HOP,
            TaskFacts(institution="HDFC", line=ClaimKind.MOVED, code="00", claimed_paise=500_00),
            "HDFC says that ₹500 moved on by the same transfer",
        ),
        (TaskCause.ANSWER_NOT_UNDERSTOOD, TaskSubject.HOP, TaskFacts(code="99"), "the bank says something"),
        (
            TaskCause.DISCREPANCY,
            TaskSubject.HOP,
            TaskFacts(
                institution="HDFC",
                discrepancy=DiscrepancyKind.DISPUTED_ABOVE_AMOUNT,
                claimed_paise=8000_00,
                against_paise=5000_00,
            ),
            "HDFC states a disputed amount of ₹8,000 in a transaction of ₹5,000: ask the bank",
        ),
        *(
            (
                TaskCause.DISCREPANCY,
                TaskSubject.HOP,
                TaskFacts(
                    institution="HDFC",
                    discrepancy=kind,
                    claimed_paise=700_00,
                    against_paise=600_00,
                    order_id="6f1c",
                    reference="UTR1",
                ),
                text,
            )
            for kind, text in (
                (
                    DiscrepancyKind.CREDITED_ABOVE_ORDER,
                    "HDFC states ₹700 for order 6f1c (reference UTR1), and the order covers ₹600 of it",
                ),
                (DiscrepancyKind.CREDITED_TWICE, "HDFC states ₹700 for order 6f1c (reference UTR1), which may be"),
                (DiscrepancyKind.CREDITED_ELSEWHERE, "₹700 of order 6f1c (reference UTR1) went to another account"),
                (DiscrepancyKind.CREDITED_OTHER_AMOUNT, "order 6f1c (reference UTR1) that is booked with ₹600"),
            )
        ),
        (
            TaskCause.TRANSFER_NOT_FOUND,
            TaskSubject.HOP,
            TaskFacts(institution="HDFC", code="01"),
            "ask the victim to check the RRN, the date, and from which account to which account",
        ),
        (TaskCause.UNREACHABLE, TaskSubject.HOLD, TaskFacts(reference="R"), "the holder of R cannot be told: "),
        (
            TaskCause.UNREACHABLE,
            TaskSubject.CASE,
            TaskFacts(to_whom="io", message="hold"),
            "the investigating officer cannot be told: “money on your account is on hold”",
        ),
        (
            TaskCause.DOCUMENTS_WAIT,
            TaskSubject.CASE,
            TaskFacts(documents=(DocumentWaits(kind=DocumentKind.NOTICE_107, lacking=_LACKING, failures=("E",)),)),
            "documents: the notice to show cause lacks the officer's rank, the amount of an account, new_field;"
            " the notice to show cause failed: E",
        ),
    ],
)
def test_texts_that_depend_on_the_facts(cause: TaskCause, kind: TaskSubject, facts: TaskFacts, text: str) -> None:
    assert text in compose(cause, about(kind, 7), facts)


@each(
    "cause",
    [
        TaskCause.REFERENCE_MISSING,
        TaskCause.INSTITUTION_UNKNOWN,
        TaskCause.REQUEST_SILENT,
        TaskCause.REQUEST_REFUSED,
        TaskCause.REQUEST_NOT_SENT,
        TaskCause.WAITS_FOR_DESK,
        TaskCause.TASK_UNOWNED,
    ],
)
def test_an_item_about_money_in_play_says_the_sum_and_what_to_do(cause: TaskCause) -> None:
    text = compose(cause, about(TaskSubject.HOP, 7), TaskFacts(), bank="HDFC Bank", in_play_paise=5_000_00)
    assert ", ₹5,000 in play" in text
    assert ": " in text, "after the colon stands what to do"
    assert "in play" not in compose(cause, about(TaskSubject.HOP, 7), TaskFacts(), in_play_paise=0)
