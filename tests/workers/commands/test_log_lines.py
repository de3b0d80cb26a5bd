"""Lines of the log on standard error."""

import logging
import time

import pytest

from workers.commands.processes import LOG_FORMAT, UtcFormatter


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_asvs_16_2_2_a_line_has_the_time_in_utc_with_its_offset(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        record = logging.makeLogRecord({"name": "api.edge", "levelname": "INFO", "msg": "method=GET"})
        record.created, record.msecs = 1_764_293_461.0, 7.0
        line = UtcFormatter(LOG_FORMAT).format(record)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert line == "2025-11-28T01:31:01.007+00:00 INFO api.edge: method=GET"
