"""Accounts that receive mule money: bank, number and holder; and the numbers of transactions."""

import random
from collections.abc import Sequence

from simulator.config import CLASSES, SHOPS, AnswerClass, SimulatorConfig, ifsc, mobile, pan, person_name
from simulator.institutions import UNLISTED, Institution
from simulator.seeds import stream
from simulator.world.world import AccountKey, AccountPlan

NUMBERS_A_CASE = 1_024
"""transaction numbers reserved for each case"""
SHARED_POOL = 64
SHOP_POOL = 48
LONG_DIGITS = 14
"""at many banks, account numbers of this length begin with zeros"""
_SERIALS = 10**8
_SPREAD = 61_803_399
"""coprime to 10**8: spreads consecutive serials over all eight digits, each exactly once"""


class Registry:
    """Opens accounts at the world's institutions. It has no state: a result depends on its arguments alone."""

    def __init__(self, config: SimulatorConfig, institutions: Sequence[Institution]) -> None:
        self._seed = config.seed
        self._banks = {bank.code: bank for bank in institutions}
        by_class = {name: [b for b in institutions if b.answer_class == name] for name in CLASSES}
        self._by_class = {name: banks for name, banks in by_class.items() if banks}
        self._shares = [getattr(config.classes, name) for name in self._by_class]

    def bank(self, code: str) -> Institution | None:
        """Return the institution with that code, or None for the unlisted one."""
        return self._banks.get(code)

    def choose_bank(self, rng: random.Random, answer_class: AnswerClass | None = None) -> Institution:
        """Return an institution, chosen by the share of its class and then by its weight."""
        if answer_class is None or answer_class not in self._by_class:
            answer_class = rng.choices(tuple(self._by_class), self._shares)[0]
        banks = self._by_class[answer_class]
        return rng.choices(banks, [bank.weight for bank in banks])[0]

    def open(self, rng: random.Random, bank: Institution, opening_paise: int = 0) -> AccountPlan:
        """Return a person's account or wallet."""
        digits = bank.account_digits
        if bank.kind == "wallet":
            number = mobile(rng)
        else:
            zeros = digits - 9 if digits >= LONG_DIGITS else 0
            number = (
                "0" * zeros
                + f"{rng.randrange(1, 10):d}{rng.randrange(10 ** (digits - zeros - 1)):0{digits - zeros - 1}d}"
            )
        return AccountPlan(
            key=AccountKey(bank.code, number),
            holder=person_name(rng),
            mobile=mobile(rng),
            pan=pan(rng),
            ifsc=ifsc(rng, bank.ifsc_prefix) if bank.ifsc_prefix else "",
            opening_paise=opening_paise,
        )

    def open_unlisted(self, rng: random.Random) -> AccountPlan:
        """Return an account at the bank that no directory lists."""
        code, _ = UNLISTED
        number = f"{rng.randrange(10**10, 10**11)}"
        return AccountPlan(AccountKey(code, number), person_name(rng), mobile(rng), pan(rng), ifsc(rng, code), 0)

    def shared_mule(self, rng: random.Random) -> AccountPlan:
        """Return one of the accounts that several cases use."""
        own = stream(self._seed, "shared mule", rng.randrange(SHARED_POOL))
        return self.open(own, self.choose_bank(own))

    def shop(self, rng: random.Random) -> AccountPlan:
        """Return a shop's account. It has other business, so its balance exceeds the tainted part."""
        own = stream(self._seed, "shop", rng.randrange(SHOP_POOL))
        plan = self.open(own, self.choose_bank(own), opening_paise=own.randrange(5_000, 5_000_000) * 100)
        return AccountPlan(plan.key, own.choice(SHOPS), plan.mobile, plan.pan, plan.ifsc, plan.opening_paise)


class Numbers:
    """Transaction numbers of one case: unique in the world, with eight digits that look random."""

    def __init__(self, seed: int, case_no: int) -> None:
        self._next = case_no * NUMBERS_A_CASE
        self._offset = stream(seed, "numbers").randrange(_SERIALS)
        self._day = 1 + stream(seed, "day of year").randrange(365)

    def rrn(self) -> str:
        """Return a retrieval reference number with 12 digits."""
        return f"6{self._day:03d}{self._serial()}"

    def utr(self, bank: str, mode: str) -> str:
        """Return a unique transaction reference: 16 characters for NEFT, 22 for RTGS."""
        head = f"{bank[:4]:X<4}"
        return (
            f"{head}N{self._day:03d}{self._serial()}"
            if mode == "neft"
            else f"{head}R52026{self._day:04d}{self._serial()}"
        )

    def _serial(self) -> str:
        number = (self._next * _SPREAD + self._offset) % _SERIALS
        self._next += 1
        return f"{number:08d}"
