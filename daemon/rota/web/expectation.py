"""What the sender saw when it asked: an outdated page must not act on something that has changed."""

from __future__ import annotations

from collections.abc import Mapping

from rota.core.board import JobEntry
from rota.core.run import Run
from rota.web.problems import Outdated


def expect_job(entry: JobEntry, expected: Mapping[str, object] | None) -> None:
    """Raises Outdated unless the job is as expected: `state`, `lastRun` (the id, or None)."""
    current: dict[str, object] = {
        "state": entry.state.value,
        "lastRun": entry.last.id if entry.last else None,
    }
    _hold(f"The job has changed meanwhile: it is {entry.state.value} now.", current, expected)


def expect_run(run: Run, expected: Mapping[str, object] | None) -> None:
    """Raises Outdated unless the run is as expected: `state`, `attempt`."""
    current: dict[str, object] = {"state": run.state.value, "attempt": run.attempt}
    _hold(f"The run has changed meanwhile: it is {run.state.value} now.", current, expected)


def _hold(message: str, current: dict[str, object], expected: Mapping[str, object] | None) -> None:
    if any(current.get(name) != value for name, value in (expected or {}).items()):
        raise Outdated(message, current)
