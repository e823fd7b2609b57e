"""What a job says by NOTIFY_SOCKET, as happenings: the same effects as those of marker lines."""

from __future__ import annotations

from collections.abc import Sequence

from rota.core import happenings as h
from rota.core import markers
from rota.core.instant import from_ms
from rota.core.run import Progress
from rota.core.seams import Notice
from rota.engine.live_run import LiveAttempt


def fresh(notices: Sequence[Notice], live: LiveAttempt) -> list[Notice]:
    """Those that have not had their effect yet, in order; from now on they have.

    What was said before an earlier daemon read the log further than that had its effect then.
    """
    new = [notice for notice in notices if notice.n > live.heard and notice.size >= live.read_before]
    live.heard = max((notice.n for notice in notices), default=live.heard)
    return new


def as_happening(notice: Notice, attempt: str) -> h.Happening | None:
    """Of the attempt of that id; None for a kind that this daemon does not know."""
    match notice.kind:
        case "status":
            return h.StatusTold(text=markers.clip(notice.text), attempt=attempt)
        case "progress":
            return _progress(notice.text, attempt)
        case "step":
            return _step(notice, attempt)
        case "timeoutAt":
            return h.TimeoutMoved(timeout_at=from_ms(int(notice.text)), attempt=attempt)
    return None


def _progress(text: str, attempt: str) -> h.Happening:
    marker = markers.parse(f"::progress {text}")
    if not isinstance(marker, markers.ProgressMarker):
        return h.Warned(text=f"X_ROTA_PROGRESS can't be read: {text[:80]}")
    progress = Progress(current=marker.current, total=marker.total, text=marker.text)
    return h.Progressed(progress=progress, attempt=attempt)


def _step(notice: Notice, attempt: str) -> h.Happening:
    marker = markers.parse(f"::step {notice.text}")
    if not isinstance(marker, markers.StepMarker):
        return h.Warned(text=f"X_ROTA_STEP can't be read: {notice.text[:80]}")
    return h.StepAnnounced(at=notice.at, key=marker.key, title=marker.title, attempt=attempt)
