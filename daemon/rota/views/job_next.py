"""The parts of a job's page about what comes: its next instants, and what could keep it from running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from rota.core.board import Due, JobEntry
from rota.core.instant import to_ms
from rota.core.obstacles import fate_of, pause_sentence, skip_sentence
from rota.core.words import instant_in_words
from rota.views.phases import awaited, due_note, zone_of
from rota_catalog.tree import Node, clip

_MOST = 500  # characters of a sentence


def next_section(entry: JobEntry) -> list[Node]:
    """The next instants, each with what will become of it; or what they wait for."""
    if entry.next_due:
        items = [_item(entry, due) for due in entry.next_due]
        text = f"Next at {instant_in_words(entry.next_due[0].starts_at)}"
        shown = Node(type="UpcomingList", id="next.list", props={"items": items}, text=text)
    elif words := awaited(entry):
        text = f"Next: {words}"
        shown = Node(type="Text", id="next.awaited", props={"value": clip(text, _MOST)}, text=text)
    else:
        return []
    return [Node(type="Section", id="next", props={"title": "Next"}, children=[shown])]


def why_section(entry: JobEntry, obstacles: Sequence[str]) -> list[Node]:
    """What could stop its next run, sentences; nothing for a job without due instants.

    What people wished stands above already, as banners, and is not told again.
    """
    spec = entry.spec
    if not spec.triggers or not spec.enabled:
        return []
    wishes = {skip_sentence(entry), *(pause_sentence(entry, pause) for pause in entry.pauses)}
    is_held = not wishes.isdisjoint(obstacles)
    obstacles = [each for each in obstacles if each not in wishes]
    if is_held and not obstacles:
        return []
    lines = [
        Node(type="Text", id=f"why.{place}", props={"value": clip(each, _MOST)}, text=each)
        for place, each in enumerate(obstacles or ["Nothing is known that could stop it."])
    ]
    props = {"title": "What could stop it", "note": f"of a time that has passed: rota why {spec.id} --at T"}
    return [Node(type="Section", id="why", props=props, children=lines)]


def _item(entry: JobEntry, due: Due) -> Mapping[str, object]:
    zone = zone_of(entry.spec)
    notes = "; ".join(note for note in (fate_of(entry, due), due_note(due, zone)) if note)
    item: dict[str, object] = {
        "job": entry.spec.id,
        "label": f"{due.starts_at.astimezone(ZoneInfo(zone)):%A}",
        "at": to_ms(due.starts_at),
        "zone": zone,
    }
    return item | ({"note": clip(notes, 300)} if notes else {})
