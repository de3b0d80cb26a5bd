"""The page of notifications: who is told what when something happens, and the English text of every message."""

from collections.abc import Iterator
from typing import Final

from domain.message_rules import ADDRESSEES, EXPIRING, RULES, TEXTS, Addressee, Channel, Rule
from schemas.enums import Language
from workers.reference.markdown import code, page, table

_INTRODUCTION: Final = """Code that notifies people names what happened and its facts (`notify_people` in
`activities/recovery/message_recipients.py`). The table `domain/messages.toml` decides who gets which message,
how, and with which facts. [messages.md](../../../docs/explanation/messages.md) says in which language, and how messages
are sent."""
_CHANNELS: Final = {
    Channel.SMS: "SMS",
    Channel.EMAIL: "e-mail",
    Channel.BANK_LETTER: "letter through the bank",
    Channel.APPEAL_CONTACT: "contact in the appeal",
}
_CHANNELS_TEXT: Final = """*SMS* and *e-mail* go where a number and an address are known. *Letter through the bank*
is for an account holder for whom neither is known: the bank's desk forwards it. *Contact in the appeal* is an SMS or
e-mail to what the appeal itself names, beside the others. *With documents* means that they are attached to the
e-mail."""
_ADDED: Final = """What is added to the facts of an event. An amount is the amount on hold, unless the event states
another. Officer and phone are those of the IO."""
_TEXTS: Final = """`{officer}` is the helpline 1930 where no IO is assigned. `{where}` is the appeal page, or the bank
and a police station. The Hindi texts state the same facts."""


def notifications_page() -> str:
    """Return the page of notifications."""
    expiring = ", ".join(code(kind.value) for kind in sorted(EXPIRING))
    return page(
        "Notifications",
        _INTRODUCTION,
        "## Who is told what, and when",
        _CHANNELS_TEXT,
        table(["event", "when", "to", "message", "channels", "facts"], _rules()),
        f"Not sent after its fact `until`, when its text is blanked: {expiring}.",
        "## Who that is",
        _ADDED,
        table(["to", "who", "added"], [_addressee(addressee) for addressee in Addressee]),
        "## English texts",
        _TEXTS,
        table(["message", "recipient", "subject", "text"], _texts()),
    )


def _rules() -> Iterator[list[str]]:
    for event, entry in RULES.items():
        for place, rule in enumerate(entry.rules):
            head = ["″", "″"] if place else [code(event.value), entry.when]
            yield [*head, code(rule.to.value), code(rule.kind.value), _ways(rule), _codes(rule.facts)]


def _ways(rule: Rule) -> str:
    ways = ", ".join(_CHANNELS[channel] for channel in rule.channels)
    return f"{ways}; with documents" if rule.encloses else ways


def _addressee(addressee: Addressee) -> list[str]:
    reach = ADDRESSEES[addressee]
    return [code(addressee.value), reach.who, _codes((*reach.facts, *reach.values))]


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(code(str(name)) for name in names)


def _texts() -> Iterator[list[str]]:
    for (kind, recipient), text in TEXTS[Language.EN].items():
        yield [code(kind.value), code(recipient.value), text.subject, text.text]
