"""A victim with money on hold, and the application to sign."""

import re
from uuid import UUID

from pydantic import SecretStr

from activities.people import victims
from activities.people.my_case import MyCaseDoor
from activities.secrets import SecretBox
from schemas.privacy.personal_data import NewVictimCorrection
from tests.activities.restoration_bench import Home
from tests.factories import row, rrn, transfer

ADDRESS = "49.36.10.1"
MOBILE = "9811111114"


class Visitor:
    """A victim at the page, over the functions that it calls."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.door = MyCaseDoor(home.ctx, SecretBox(SecretStr("k" * 40)))

    async def at_application(self) -> tuple[str, UUID]:
        """A case with ₹400 of ₹500 on hold, whose application is written; its restoration."""
        root, bench = rrn(), self.home.bench
        # Complaints of one name and mobile are one victim's, whose money is counted together.
        victim = {"name": f"Asha Devi {root[-6:]}", "mobile": MOBILE, "district": "LUCKNOW", "language": "en"}
        payee = {"institution": "HDFC", "account": f"5{rrn()}"}
        case_no = await bench.complain(transfer(500_00, reference=root, payee=payee), victim=victim)
        await bench.answer("HDFC", case_no, row(5, root, "100.00"), row(1, root, "400.00"))
        await self.home.open_for_new_holds(case_no)
        restoration = await self.home.of(case_no)
        await self.home.assign(case_no, "io")
        await self.home.tick(restoration, 3)
        await self.home.engine.write_application(self.home.asked(restoration))
        return case_no, restoration

    async def codes(self, kind: str, ack_no: str) -> list[tuple[str, str]]:
        """The codes of a kind that were sent, the oldest first, and where."""
        sent = await self.home.bench.said(kind, ack_no)
        return [(found[0], one.address[-10:]) for one in sent if (found := re.search(r"\b[0-9]{8}\b", one.body))]

    async def enter(self, number: str) -> str:
        """Begin a visit; its token."""
        before = await self.codes("my_case_code", number)
        await self.door.send_code(number)
        ((code, _),) = {*await self.codes("my_case_code", number)} - {*before}
        entered = await self.door.enter(number, code, ADDRESS)
        assert entered is not None
        return entered.token

    async def application(self, restoration: UUID) -> UUID:
        found: UUID = await self.home.bench.value(
            "SELECT document_id FROM document WHERE restoration_id = $1 AND kind = 'restoration_application'"
            " ORDER BY revision DESC LIMIT 1",
            restoration,
        )
        return found

    async def sign(self, ack_no: str, restoration: UUID) -> bool:
        """Ask for a code and sign the newest application with it."""
        before = await self.codes("signature_code", ack_no)
        await self.door.send_signature_code(ack_no)
        ((code, _),) = {*await self.codes("signature_code", ack_no)} - {*before}
        return await self.door.sign(ack_no, await self.application(restoration), code, ADDRESS)

    async def correct_mobile(self, ack_no: str, mobile: str) -> None:
        """Two officers correct the mobile."""
        new = NewVictimCorrection(mobile=mobile, reason="the victim has another number")
        proposed = await victims.propose(self.home.ctx, ack_no, new, "officer:desk")
        await victims.agree(self.home.ctx, ack_no, proposed.correction_id, "officer:boss")
