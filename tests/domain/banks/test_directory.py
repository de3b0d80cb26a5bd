"""Finding the institution that a complaint or a bank speaks of."""

from domain.banks.directory import Directory
from schemas.banks.institutions import Institution
from schemas.enums import AnswerClass, ChannelKind, InstitutionKind
from tests.each import each


def institution(code: str, name: str, *aliases: str, handles: tuple[str, ...] = ()) -> Institution:
    return Institution(
        code=code,
        name=name,
        kind=InstitutionKind.BANK,
        ifsc_prefixes=(code,),
        vpa_handles=handles,
        aliases=aliases,
        answer_class=AnswerClass.API,
        channels=(ChannelKind.I4C,),
        desk_email="",
    )


DIRECTORY = Directory(
    [
        institution("SBIN", "State Bank of India", "SBI", handles=("oksbi",)),
        institution("HDFC", "HDFC Bank Ltd", handles=("okhdfcbank",)),
        institution("PYTM", "Paytm Payments Bank"),
        institution("PPIW", "Paytm Wallet"),
        institution("COOP", "The Co-operative Bank"),
    ]
)


def resolved(told: str, ifsc: str | None = None, holder: str = "1") -> tuple[str | None, list[str]]:
    found, flags = DIRECTORY.resolve(told, ifsc, holder, "payee")
    return (found.code if found else None), [flag.code for flag in flags]


@each("told", ["SBIN", " sbin ", "State Bank of India", "STATE  BANK OF INDIA LTD.", "sbi", "the state bank of india"])
def test_code_name_and_alias_in_any_spelling(told: str) -> None:
    assert resolved(told) == ("SBIN", [])


def test_the_ifsc_wins_over_the_name_and_says_so() -> None:
    assert resolved("SBI", "HDFC0001234") == ("HDFC", ["institution_contradicts_ifsc"])
    assert resolved("SBI", " sbin0001234 ") == ("SBIN", [])


def test_an_odd_or_unknown_ifsc_is_flagged_and_the_name_is_followed() -> None:
    assert resolved("SBI", "SBIN1234") == ("SBIN", ["odd_ifsc"])
    assert resolved("SBI", "ZZZZ0001234") == ("SBIN", ["unknown_ifsc"])


def test_the_handle_of_a_vpa_serves_where_the_name_says_nothing() -> None:
    assert resolved("some app", holder="ramesh@OKHDFCBANK") == ("HDFC", [])
    assert resolved("SBI", holder="ramesh@okhdfcbank") == ("SBIN", [])


@each("told", ["Bank of Nowhere", "Bank", "the bank ltd", "", "-"])
def test_what_names_no_institution_goes_to_the_desk(told: str) -> None:
    assert resolved(told) == (None, ["unknown_institution"])


def test_a_short_name_of_two_institutions_names_neither() -> None:
    assert resolved("Paytm") == (None, ["unknown_institution"])
    assert resolved("paytm  wallet") == ("PPIW", [])
    assert resolved("PAYTM Payments Bank") == ("PYTM", [])


def test_a_name_of_nothing_but_common_terms_is_found_if_it_is_exact() -> None:
    assert resolved("the co-operative bank") == ("COOP", [])


def test_flags_name_the_field() -> None:
    _, flags = DIRECTORY.resolve("?", "bad", "1", "transfers[3].payee")
    assert [flag.field for flag in flags] == ["transfers[3].payee.ifsc", "transfers[3].payee.institution"]


def test_a_bank_under_a_sponsors_code_is_found_by_its_own_range() -> None:
    sponsored = institution("CTKC", "City Co-operative Bank").model_copy(update={"ifsc_prefixes": ("HDFC0CTKC",)})
    directory = Directory([*DIRECTORY, sponsored])

    def by(ifsc: str) -> str:
        found, _ = directory.resolve("", ifsc, "1", "payee")
        assert found is not None
        return found.code

    assert (by("HDFC0CTKC01"), by("hdfc0ctkc99"), by("HDFC0CTK001")) == ("CTKC", "CTKC", "HDFC")
