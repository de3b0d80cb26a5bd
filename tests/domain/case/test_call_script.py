"""Text for the telephone: enough to find the money, and no person's name or account."""

from datetime import UTC, datetime

from domain.case.telephone import what_to_say
from schemas.case.request_views import TaskHop
from schemas.enums import HopState, Language

AT = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


def hop(number: int = 1, amount_paise: int = 1_25_000_00, in_play_paise: int = 1_00_000_50) -> TaskHop:
    return TaskHop(
        hop_no=number,
        layer=1,
        state=HopState.ASKED,
        institution_as_told="SBI",
        holder="30000000001",
        reference=f"41234567890{number}",
        amount_paise=amount_paise,
        in_play_paise=in_play_paise,
        transferred_at=AT,
    )


def test_it_has_what_the_bank_needs_to_find_the_money() -> None:
    said = "\n".join(what_to_say("32411265000000", "BANKS-1", [hop()], 1))
    assert "acknowledgement 32411265000000, your job BANKS-1." in said
    assert "in 1 transfer:" in said
    assert "412345678901: ₹1,25,000, on 24-11-2026 at 10:00:00; ₹1,00,000.50 of it is not yet found." in said
    assert "more" not in said


def test_of_a_long_job_number_the_end_is_read_out_in_groups() -> None:
    job_id = "6f1c2b7e-3d41-4c0a-9a44-0c55a1b2e9f7"
    for language, text in ((Language.EN, "that ends in b2e 9f7."), (Language.HI, "अंत में b2e 9f7 है।")):
        first, *_ = what_to_say("32411265000000", job_id, [hop()], 1, language)
        assert first.endswith(text)


def test_it_names_no_person_and_no_account() -> None:
    assert "30000000001" not in "\n".join(what_to_say("32411265000000", None, [hop()], 1))


def test_a_bank_without_a_job_may_know_nothing_of_it() -> None:
    first, *_ = what_to_say("32411265000000", None, [hop()], 1)
    assert first.endswith("you may not have it yet.")


def test_what_is_not_read_out_is_told_of() -> None:
    said = what_to_say("32411265000000", "BANKS-1", [hop(1), hop(2)], 9)
    assert "And 7 transfers more: I will send you the list." in said


def test_without_money_in_play_there_is_nothing_to_say() -> None:
    assert what_to_say("32411265000000", "BANKS-1", [], 0) == ()


def test_the_script_is_read_out_in_hindi_too() -> None:
    english, hindi = (
        what_to_say("32411265000000", "BANKS-1", [hop()], 3, language) for language in (Language.EN, Language.HI)
    )
    assert len(english) == len(hindi)
    assert "पावती संख्या 32411265000000, आपका जॉब BANKS-1।" in hindi[0]
    assert hindi[2].startswith("RRN या UTR 412345678901: ₹1,25,000, 24-11-2026 को 10:00:00 बजे")
    assert "30000000001" not in "\n".join(hindi)
