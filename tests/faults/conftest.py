"""Says at the end how much was played: worlds, kills, requests."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum up what the tests recorded; the reports come from the workers too."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if getattr(report, "when", "") == "call"
    ]
    said = [recorded for report in reports for recorded in report.user_properties]
    for name, unit in (("worlds", "worlds of the crash simulator"), ("crashes", "crashes in them")):
        if counted := sum(int(str(value)) for key, value in said if key == name):
            terminalreporter.write_line(f"{counted} {unit}")
    for _key, value in (recorded for recorded in said if recorded[0] == "kills"):
        terminalreporter.write_line(str(value))
