"""How hard properties are tried, and what the tests of clock changes covered.

With ROTA_TEST_EXAMPLES=10000 each property is tried with so many examples (`make nightly`).
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from clock_changes import COVERED, clock_changes, examples

if "ROTA_TEST_EXAMPLES" in os.environ:
    settings.register_profile("nightly", max_examples=examples(100), deadline=None)
    settings.load_profile("nightly")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not COVERED:
        return
    zones, everywhere = {each.zone for each in COVERED}, clock_changes()
    all_zones = {each.zone for each in everywhere}
    terminalreporter.write_line(
        f"clock changes covered: {len(COVERED)} of {len(everywhere)} from 2015 to 2035, "
        f"in {len(zones)} of {len(all_zones)} different zones"
    )
