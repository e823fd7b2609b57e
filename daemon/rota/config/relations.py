"""What jobs say of each other, checked over the whole set: `after` and `renamed_from`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from rota.config import near
from rota.config.findings import Mention
from rota.config.jobfile import Claim
from rota.core.model import JobSpec
from rota.core.problems import Problem
from rota.core.triggers import AfterTrigger

Refusals = Iterator[tuple[str, Problem]]  # job, and what is wrong with what it says

_HINTS = 20  # looking for what was meant among thousands of ids takes its time
_SHOWN = 12  # jobs of a circle


def unknown_upstreams(
    claims: Mapping[str, Claim], known: Collection[str], matrices: Collection[str]
) -> Refusals:
    """Every `after` that names a job that there is not. `matrices` are the ids of files with a `matrix`."""
    hints = 0
    renamed = {mention.job: job for job, claim in claims.items() for mention in claim.former}
    for job, claim in claims.items():
        for mention in claim.upstreams:
            if mention.job in known:
                continue
            hints += 1
            hint = f'it is called "{renamed[mention.job]}" now' if mention.job in renamed else None
            if hint is None and hints <= _HINTS:
                hint = _meant(mention.job, known, matrices)
            yield job, mention.problem(f'there is no job "{mention.job}"', hint)


def circles(claims: Mapping[str, Claim], jobs: Mapping[str, JobSpec]) -> Refusals:
    """Jobs that come after each other all the way round. After their removal there may be further circles."""
    if not any(claim.upstreams for claim in claims.values()):
        return
    told: set[str] = set()
    for circle in _circles({job: upstreams for job, spec in jobs.items() if (upstreams := _upstreams(spec))}):
        for position, job in enumerate(circle):
            upstream = circle[(position + 1) % len(circle)]
            place = next((each for each in _mentions(claims, job) if each.job == upstream), None)
            if place is not None and job not in told:
                told.add(job)
                yield job, place.problem(_round(circle, position), "take one `after` out of the circle")


def wrong_renames(claims: Mapping[str, Claim], known: Collection[str]) -> Refusals:
    """Every `renamed_from` whose job is still there, or that two jobs name."""
    heirs: dict[str, list[str]] = {}
    for job, claim in claims.items():
        for mention in claim.former:
            heirs.setdefault(mention.job, []).append(job)
    for former, jobs in heirs.items():
        for job in jobs:
            others = ", ".join(other for other in jobs if other != job)
            (mention,) = claims[job].former
            if former == job:
                yield job, mention.problem("renamed_from is the job's own id", "write the id it had before")
            elif former in known:
                message = f'there is still a job "{former}": a job that was renamed leaves its old id'
                yield job, mention.problem(message, "remove the old job, or this key")
            elif others:
                message = f'"{former}" can have become one job only: {others} names it too'
                yield job, mention.problem(message, "keep it in the job that takes over the history")


def _meant(name: str, known: Collection[str], matrices: Collection[str]) -> str | None:
    if name in matrices:
        members = sorted(job for job in known if job.startswith(f"{name}-"))
        return f"it has a matrix: name its jobs, such as {', '.join(members[:3])}"
    return near.word(name, known)


def _mentions(claims: Mapping[str, Claim], job: str) -> Sequence[Mention]:
    return claims[job].upstreams if job in claims else ()


def _upstreams(spec: JobSpec) -> list[str]:
    return [job for trigger in spec.triggers if isinstance(trigger, AfterTrigger) for job in trigger.jobs]


def _circles(upstreams: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Circles, at least one of each knot of them, each job followed by one that it comes after."""
    entered: set[str] = set()
    found: set[str] = set()
    for start in upstreams:
        if start not in entered:
            way = _Way(upstreams, entered, found)
            way.enter(start)
            yield from way.circles()


class _Way:
    """A walk upstream that goes back where it has seen everything.

    All walks share the jobs that one `entered`, and those `found` in a circle.
    """

    def __init__(self, upstreams: Mapping[str, Sequence[str]], entered: set[str], found: set[str]) -> None:
        self._upstreams, self._entered, self._found = upstreams, entered, found
        self._jobs: dict[str, Iterator[str]] = {}  # from the start to here, each with what is left to look at

    def enter(self, job: str) -> None:
        if job not in self._entered and job in self._upstreams:
            self._entered.add(job)
            self._jobs[job] = iter(self._upstreams[job])

    def circles(self) -> Iterator[list[str]]:
        while self._jobs:
            here = next(reversed(self._jobs))
            upstream = next(self._jobs[here], None)
            if upstream is None:
                del self._jobs[here]
            elif upstream in self._jobs:
                if not {here, upstream} <= self._found:  # a knot has more circles than anybody could read
                    jobs = list(self._jobs)
                    circle = jobs[jobs.index(upstream) :]
                    self._found.update(circle)
                    yield circle
            else:
                self.enter(upstream)


def _round(circle: Sequence[str], position: int) -> str:
    if len(circle) == 1:
        return "the job comes after itself"
    turned = [*circle[position:], *circle[:position], circle[position]]
    shown = turned if len(turned) <= _SHOWN else [*turned[: _SHOWN - 2], "…", turned[-1]]
    return f"jobs that wait for each other: {' after '.join(shown)}"
