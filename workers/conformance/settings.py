"""The settings of a bank's endpoint that a check uses, without its secrets."""

from adapters.banks.protocol import BankWire


def settings_of(bank: BankWire) -> dict[str, str]:
    """Return the settings by name: of the I4C wire its addresses and outer form, of a webhook its address."""
    if bank.webhook_secrets:
        return {"address": bank.base_url, "secrets": str(len(bank.webhook_secrets))}
    address = bank.base_url.rstrip("/")
    return {
        "login": address + bank.login_path,
        "report": address + bank.report_path,
        "envelope": bank.envelope,
        "ciphertext": f"member {bank.ciphertext_member}" if bank.ciphertext_member else "the body itself",
        "signed": "yes" if bank.hmac_key else "no",
        "balances": "include money on hold" if bank.balance_includes_liens else "leave out money on hold",
    }
