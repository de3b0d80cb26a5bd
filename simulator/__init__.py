"""Simulated world: institutions, mule networks, victims and officers, over the product's public interfaces.

Tests use `SimulatorServer`; everything else uses `python -m simulator`. docs/explanation/simulator.md describes the
rest.
"""

from simulator.banks.faults import Faults
from simulator.banks.messages import ScriptedAnswer, ScriptedReply, hold_row, refusal_row, transfer_row, withdrawal_row
from simulator.config import BankDelays, Delay, Knobs, MoneyModel, SimulatorConfig
from simulator.server import SimulatorServer

__all__ = [
    "BankDelays",
    "Delay",
    "Faults",
    "Knobs",
    "MoneyModel",
    "ScriptedAnswer",
    "ScriptedReply",
    "SimulatorConfig",
    "SimulatorServer",
    "hold_row",
    "refusal_row",
    "transfer_row",
    "withdrawal_row",
]
