"""Mailboxes of the banks: an SMTP server that takes reminders and letters, and has officers handle the tickets."""

import asyncio
import re
from collections import deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from simulator.banks.banks import Banks
from simulator.banks.paying import BackOffices
from simulator.banks.tickets import TicketRecord
from simulator.wires.i4c import TicketError
from simulator.wires.letters import ACK_NO, KEY, LINK, HoldLetter, read_hold_letter, text_of

JOB_ID = re.compile(r"BANKS-[0-9a-fA-F-]{36}")
MAX_LETTER_BYTES = 1 << 20
KEPT_LETTERS = 1_000


class Mailboxes:
    """Receives mail for every bank's desk and nodal officer."""

    def __init__(self, banks: Banks, offices: BackOffices) -> None:
        self._banks = banks
        self._offices = offices
        self._boxes = {
            address: bank.code for bank in banks.by_code.values() for address in (bank.desk_email, bank.nodal_email)
        }
        self._server: asyncio.Server | None = None
        self._talks: WeakSet[SMTP] = WeakSet()
        self.received = 0
        self.unknown = 0
        """letters that match no open ticket"""
        self.letters: deque[EmailMessage] = deque(maxlen=KEPT_LETTERS)
        """the newest letters, in order"""

    async def serve(self, host: str, port: int) -> int:
        """Listen for mail; return the port."""
        self._server = await asyncio.get_running_loop().create_server(self._answer, host, port)
        taken: int = self._server.sockets[0].getsockname()[1]
        return taken

    def close(self) -> None:
        """Stop listening and close open connections."""
        if self._server is not None:
            self._server.close()
        for talk in list(self._talks):
            if talk.transport is not None:
                talk.transport.close()

    def _answer(self) -> SMTP:
        talk = SMTP(self, data_size_limit=MAX_LETTER_BYTES, enable_SMTPUTF8=True)
        self._talks.add(talk)
        return talk

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept mail for our banks only."""
        if address.lower() not in self._boxes:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Read a letter: it opens a ticket, or reminds the bank of an existing one."""
        raw = envelope.content
        letter = message_from_bytes(raw if isinstance(raw, bytes) else (raw or "").encode(), policy=modern)
        self.received += 1
        self.letters.append(letter)
        try:
            asked = read_hold_letter(letter)
        except (TicketError, KeyError, ValueError):
            return "554 the table cannot be read"
        text = f"{letter['subject']}\n{text_of(letter)}"
        banks = dict.fromkeys(self._boxes[to.lower()] for to in envelope.rcpt_tos)
        orders = [self._offices.open_letter(self._banks.by_code[bank], letter) for bank in banks]
        if any(orders):
            return "250 taken"
        for bank in banks:
            self._take_newest_link(bank, text)
        opened = [await self._opened(bank, asked) for bank in banks] if asked is not None else []
        tickets = [ticket for bank in banks for ticket in self._tickets(bank, text)] if not any(opened) else []
        self.unknown += not tickets and not any(opened)
        for ticket in tickets:
            self._banks.nudge(ticket, by_call=False)
        return "250 taken"

    def _take_newest_link(self, bank: str, text: str) -> None:
        """Note the link of a repeated letter or a reminder: it closes the links before."""
        key, link = KEY.search(text), LINK.search(text)
        known = self._banks.book.of_key(bank, key[1]) if key and link else None
        if known is not None and link is not None:
            known.link = link[0]

    async def _opened(self, bank: str, asked: HoldLetter) -> bool:
        """Open a ticket from a letter; return False if the bank has the ticket already."""
        if self._banks.book.of_key(bank, asked.key) is not None:
            return False
        await self._banks.receive(self._banks.by_code[bank], asked.key, asked.report, channel="email", link=asked.link)
        return True

    def _tickets(self, bank: str, text: str) -> list[TicketRecord]:
        """Return the bank's open tickets that a letter names: by job id, else by acknowledgement number."""
        jobs = [self._banks.book.of_job(job) for job in set(JOB_ID.findall(text))]
        jobs += [self._banks.book.of_key(bank, key) for key in set(KEY.findall(text))]
        named = [ticket for ticket in jobs if ticket is not None and ticket.bank.code == bank]
        if not named:
            named = [t for ack_no in set(ACK_NO.findall(text)) for t in self._banks.book.of_case(bank, ack_no)]
        return [ticket for ticket in named if not ticket.worked]
