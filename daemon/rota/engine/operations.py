"""What people may ask of the daemon, by page, API or command line: all of them call exactly these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rota.core.model import JobSet
from rota.core.run import Run


class Operations:
    """Every wish of a person, checked against how things stand, stored, then carried out.

    All methods raise NotFound for a job or run that is not there, Conflict when the wish makes no sense now
    (its `reason` is a key for programs, its message a sentence for people), and Unavailable when the ledger
    can't record it.
    """

    async def run_now(
        self,
        job: str,
        *,
        params: Mapping[str, object] | None = None,
        scheduled_for: datetime | None = None,
    ) -> Run:
        """A new run, started or queued; `scheduled_for` is the instant it is for (`--for`).

        Raises InvalidRequest for parameters that the job does not take; Conflict `disabled`, `overlap` (the
        message names the run in the way) or `queue_full`.
        """
        raise AssertionError("filled in next")

    async def cancel(self, run_id: str, *, immediately: bool = False) -> Run:
        """Stop it: SIGTERM, after its grace SIGKILL, or SIGKILL at once; waiting runs end at once.

        The answer is the run as it is now: CANCELLED, or still RUNNING with `cancel_requested_at`.
        Raises Conflict `not_active` when it has already ended.
        """
        raise AssertionError("filled in next")

    async def retry(self, run_id: str) -> Run:
        """RETRYING: its next attempt starts now. FAILED or CANCELLED: a new run, from the failed step on.

        Raises Conflict `not_retryable` in any other state, and those of `run_now`.
        """
        raise AssertionError("filled in next")

    async def pause(self, job: str, *, until: datetime | None = None, note: str = "") -> None:
        """Due instants are skipped, queue and retries held, until resumed or `until`.

        Raises InvalidRequest when `until` is not in the future.
        """
        raise AssertionError("filled in next")

    async def resume(self, job: str) -> None:
        """Raises Conflict `not_paused`."""
        raise AssertionError("filled in next")

    async def reload(self, *, confirm: bool = False) -> JobSet:
        """Read the job directories again; the answer is the set that is in force now, with its problems.

        `confirm` accepts a set in which many jobs vanish.
        """
        raise AssertionError("filled in next")
