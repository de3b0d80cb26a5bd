"""Tracing of money: hold requests, banks' answers, discrepancies."""
