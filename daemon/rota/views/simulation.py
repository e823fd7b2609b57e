"""A simulation as a render tree: what to look at first, then when each job runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rota.core.instant import length_ms, to_ms
from rota.core.lengths import ASSUMED, Known
from rota.core.simulated import AtLimit, JobTimeline, Simulated
from rota.core.words import counted, instant_in_words, length_in_words, schedule_in_words
from rota_catalog.tree import Document, Node, document

ROWS = 1000  # of a timeline; the component takes no more
_LISTED = 12
_MOST_FACTS = 60
_TICKS = 64
_DAY = timedelta(days=1)
_LENGTHS = {
    Known.HISTORY: "by the jobs' last runs",
    Known.EXPECT: "by expect.duration",
    Known.TIMEOUT: "by limits.timeout",
    Known.ASSUMED: f"assumed {length_in_words(ASSUMED)}",
}


def simulation(found: Simulated, *, host: str, zone: ZoneInfo) -> Document:
    """`host`: whose jobs they are, "" for every host; times that belong to no job are in `zone`."""
    sections = [_findings(found, zone), *_collisions(found, zone), *_timeline(found, zone)]
    where = f"as on {host}" if host else "for every host"
    root = Node(
        type="Page",
        id="page",
        props={"title": "Simulation", "subtitle": _span(found, zone) + ", " + where, "zone": zone.key},
        text=f"Simulation of {counted(len(found.jobs), 'job')}, {counted(found.runs, 'run')}",
        children=sections,
    )
    return document("simulation", root)


def summary(found: Simulated, zone: ZoneInfo) -> list[tuple[str, str]]:
    """Label and sentence of everything worth a look, the same for page and terminal."""
    rows = [("Runs", f"{counted(found.runs, 'run')} of {counted(len(found.jobs), 'job')}")]
    rows.append(("At the same time", _level(found.running, zone)))
    rows += [(f"Pool {name}", _level(level, zone)) for name, level in found.pools.items()]
    rows += list(_skips(found, zone))
    rows += list(_waits(found))
    rows += [(f"{job.spec.id} never runs", _why_never(job)) for job in found.never[:_LISTED]]
    if len(found.never) > _LISTED:
        rows.append(("More that never run", counted(len(found.never) - _LISTED, "job")))
    if found.lengths:
        parts = [f"{counted(number, 'job')} {_LENGTHS[known]}" for known, number in found.lengths.items()]
        rows.append(("Length of runs", ", ".join(parts)))
    return rows


def _span(found: Simulated, zone: ZoneInfo) -> str:
    return f"{instant_in_words(found.begin, zone)} to {instant_in_words(found.until, zone)}"


def _findings(found: Simulated, zone: ZoneInfo) -> Node:
    items = [
        {"key": label[:100], "value": value[:500]} for label, value in summary(found, zone)[:_MOST_FACTS]
    ]
    return Node(
        type="Section",
        id="findings",
        props={"title": "What to look at"},
        text="What to look at",
        children=[Node(type="KeyValue", id="findings.list", props={"rows": items}, text="Findings")],
    )


def _collisions(found: Simulated, zone: ZoneInfo) -> Iterator[Node]:
    if not found.collisions:
        return
    items = [
        {
            "key": instant_in_words(each.at, zone),
            "value": f"{each.count} runs: {_some(each.jobs, each.count)}"[:500],
        }
        for each in found.collisions
    ]
    listing = Node(type="KeyValue", id="collisions.list", props={"rows": items}, text="Fullest minutes")
    title = "Minutes in which most runs start"
    yield Node(type="Section", id="collisions", props={"title": title}, text=title, children=[listing])


def _timeline(found: Simulated, zone: ZoneInfo) -> Iterator[Node]:
    jobs = [job for job in found.jobs if job.spec.triggers]
    left_out = f"; the first {ROWS} are shown" if len(jobs) > ROWS else ""
    props = {
        "from": to_ms(found.begin),
        "until": to_ms(found.until),
        "zone": zone.key,
        "ticks": [to_ms(each) for each in _ticks(found, zone)],
        "rows": [_row(job) for job in jobs[:ROWS]],
    }
    text = f"{counted(len(jobs), 'job')}, {counted(found.runs, 'run')}{left_out}"
    title = "When each job runs"
    yield Node(
        type="Section",
        id="timeline",
        props={"title": title},
        text=title,
        children=[Node(type="Timeline", id="timeline.jobs", props=props, text=text)],
    )


def _row(job: JobTimeline) -> dict[str, object]:
    row: dict[str, object] = {
        "job": job.spec.id,
        "runs": job.runs,
        "note": schedule_in_words(job.spec.triggers, job.spec.id, zoned=True)[:300],
    }
    if job.bars:
        row["bars"] = [
            {"at": to_ms(bar.begin), "durationMs": length_ms(bar.end - bar.begin)} for bar in job.bars
        ]
    elif job.runs:
        # A run of a moment is seen as well.
        row["density"] = [max(0.001, round(share, 3)) if share else 0.0 for share in job.density]
    if warnings := tuple(_warnings(job)):
        row["warn"] = "; ".join(warnings)[:300]
    return row


def _warnings(job: JobTimeline) -> Iterator[str]:
    if job.replaced:
        yield (
            f"{counted(job.replaced, 'run')} end early for newer ones"
            if job.replaced > 1
            else ("1 run ends early for a newer one")
        )
    if job.skipped:
        skips = (f"{each.count} {reason.replace('_', ' ')}" for reason, each in job.skipped.items())
        yield f"skipped: {', '.join(skips)}"


def _ticks(found: Simulated, zone: ZoneInfo) -> Iterator[datetime]:
    """Midnights, or fewer of them in a long span; in a short one every sixth hour."""
    days = max(1, -(-(found.until - found.begin) // (_DAY * _TICKS)))
    hours = (0, 6, 12, 18) if found.until - found.begin <= 3 * _DAY else (0,)
    day = found.begin.astimezone(zone).date()
    while True:
        for hour in hours:
            at = datetime.combine(day, time(hour), zone).astimezone(UTC)
            if at >= found.until:
                return
            if at > found.begin:
                yield at
        day += days * _DAY


def _level(level: AtLimit, zone: ZoneInfo) -> str:
    if not level.most or level.most_at is None:
        return "nothing runs"
    text = f"at most {level.most}"
    text += f" of {level.size}" if level.size is not None else ""
    text += f", first at {instant_in_words(level.most_at, zone)}"
    if level.longest_at is not None:
        text += (
            f"; full for {_told(level.total)} in all ({counted(level.times, 'time')}), "
            f"longest {_told(level.longest)} from {instant_in_words(level.longest_at, zone)}"
        )
    return text


def _skips(found: Simulated, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    rows = [(job, reason, each) for job in found.jobs for reason, each in job.skipped.items()]
    rows.sort(key=lambda row: (-row[2].count, row[0].spec.id))
    for job, reason, each in rows[:_LISTED]:
        first = instant_in_words(each.first, zone)
        label = f"{job.spec.id} skipped: {reason.replace('_', ' ')}"
        why = "" if each.message == reason else f": {each.message}"
        yield label, f"{counted(each.count, 'time')}, first at {first}{why}"
    if len(rows) > _LISTED:
        yield "More skips", f"of {counted(len(rows) - _LISTED, 'job')}"


def _waits(found: Simulated) -> Iterator[tuple[str, str]]:
    rows = sorted(
        (job for job in found.jobs if job.waited or job.left_waiting),
        key=lambda job: (-job.longest_wait, job.spec.id),
    )
    for job in rows[:_LISTED]:
        text = f"{counted(job.waited, 'run')} waited, longest {_told(job.longest_wait)}, "
        text += f"median {_told(job.median_wait)}"
        if job.left_waiting:
            text += f"; {job.left_waiting} still wait at the end"
        yield f"{job.spec.id} waits", text
    if len(rows) > _LISTED:
        yield "More that wait", counted(len(rows) - _LISTED, "job")


def _why_never(job: JobTimeline) -> str:
    if job.skipped:
        each = next(iter(job.skipped.values()))
        return f"{counted(each.count, 'instant')} skipped: {each.message}"
    return f"nothing is due: {schedule_in_words(job.spec.triggers, job.spec.id, zoned=True)}"


def _told(length: timedelta) -> str:
    """To seconds: nobody plans by less."""
    seconds = length.total_seconds()
    return length_in_words(timedelta(seconds=round(seconds)) if seconds >= 1 else length)


def _some(jobs: tuple[str, ...], count: int) -> str:
    rest = count - len(jobs)
    return ", ".join(jobs) + (f" and {rest} more" if rest > 0 else "")
