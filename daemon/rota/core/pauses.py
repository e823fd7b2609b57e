"""Which pauses hold a job, and when: its own, those of its tags, and the one of all jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from rota.core.model import JobSpec
from rota.core.seams import Pause

JOB = "job"  # the scope of a pause that was said of one job
ALL = "all"
_TAG = "tag:"
_TICK = timedelta(microseconds=1)


def tag_scope(tag: str) -> str:
    """The scope of a pause of every job with that tag."""
    return f"{_TAG}{tag}"


def holds(scope: str, spec: JobSpec) -> bool:
    """Whether a pause of that scope ("tag:<tag>" or "all") is about the job."""
    return scope == ALL or (scope.startswith(_TAG) and scope.removeprefix(_TAG) in spec.tags)


def pauses_of(spec: JobSpec, own: Pause | None, shared: Mapping[str, Pause]) -> tuple[Pause, ...]:
    """Every pause of the job: its own, then those of many jobs (by scope) that are about it."""
    found = [pause for scope, pause in sorted(shared.items()) if holds(scope, spec)]
    return (own, *found) if own is not None else tuple(found)


def covering(pauses: Sequence[Pause], at: datetime) -> Pause | None:
    """Of the pauses that cover that instant the one that ends last; `until` itself is free again."""
    found = (pause for pause in pauses if pause.since <= at and (pause.until is None or at < pause.until))
    return max(found, key=_end, default=None)


def pieces(
    pauses: Sequence[Pause], after: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime, Pause | None]]:
    """(after, until] cut at the begin and end of pauses, each piece with the pause that covers it."""
    # Half-open the other way than the pauses themselves: an instant at `since` is paused, one at `until` not.
    cuts = {pause.since - _TICK for pause in pauses}
    cuts |= {pause.until - _TICK for pause in pauses if pause.until is not None}
    begin, held = after, covering(pauses, after + _TICK)
    for cut in sorted(cut for cut in cuts if after < cut < until):
        by = covering(pauses, cut + _TICK)
        if by != held:
            yield begin, cut, held
            begin, held = cut, by
    if begin < until:
        yield begin, until, held


def scope_in_words(scope: str) -> str:
    """Whom a pause was said of: "" for one job, "all jobs", or "all jobs tagged nightly"."""
    if scope == JOB:
        return ""
    return "all jobs" if scope == ALL else f"all jobs tagged {scope.removeprefix(_TAG)}"


def resume_command(scope: str) -> str:
    """What ends a pause of many jobs; "" for that of one job, which has its own way."""
    if scope == JOB:
        return ""
    return "rota resume --all" if scope == ALL else f"rota resume --tag {scope.removeprefix(_TAG)}"


def _end(pause: Pause) -> tuple[bool, datetime]:
    return pause.until is None, pause.until or pause.since
