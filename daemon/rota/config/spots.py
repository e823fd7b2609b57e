"""Where the parts of a job stand that a warning may point at, kept with the job after its text is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rota.config.part import Part
from rota.config.places import Data, Path

Spots = Mapping[str, tuple[str, int, int]]  # part of a job -> file as shown, line, column

_OF_TRIGGER = ("cron", "every", "at", "boot", "after")


def spots(part: Part) -> Spots:
    """The spots of one job: `schedule/0` and so on for triggers, `missed`, `limits`, `expect`, `env/X`."""
    found: dict[str, tuple[str, int, int]] = {}
    for name, path in _named(part.data):
        found[name] = part.places.spot(part.data, path)
    return found | _given_by_defaults(part) if part.places.has_others else found


def _given_by_defaults(part: Part) -> dict[str, tuple[str, int, int]]:
    """Variables that stand in another file than the job: `env/NAME`."""
    env = part.data.get("env") if isinstance(part.data, dict) else None
    own, found = part.places.start[0], dict[str, tuple[str, int, int]]()
    for name in env if isinstance(env, dict) else ():
        spot = part.places.spot(part.data, ["env", name])
        if spot[0] != own:
            found[f"env/{name}"] = spot
    return found


def _named(data: Data) -> Iterator[tuple[str, Path]]:
    if not isinstance(data, dict):
        return
    schedule = data.get("schedule")
    if isinstance(schedule, dict):
        yield from _of_trigger(0, ["schedule"], schedule)
    for index, trigger in enumerate(schedule if isinstance(schedule, list) else ()):
        if isinstance(trigger, dict):
            yield from _of_trigger(index, ["schedule", index], trigger)
    if "limits" in data:
        yield "limits", ["limits"]
    if "missed" in data:
        yield "missed", ["missed"]
    expect = data.get("expect")
    if isinstance(expect, dict) and "duration" in expect:
        yield "expect", ["expect", "duration"]


def _of_trigger(index: int, path: list[str | int], trigger: dict[str, Data]) -> Iterator[tuple[str, Path]]:
    key = next((each for each in _OF_TRIGGER if each in trigger), None)
    yield f"schedule/{index}", path if key is None else [*path, key]
    if "except" in trigger:
        yield f"except/{index}", [*path, "except"]
