"""Tracing the money: hold requests, banks' answers, discrepancies."""
