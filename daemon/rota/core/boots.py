"""Due instants after a boot of the host, and which of them are answered.

`JobRecord.boot` is the id of a boot and, in milliseconds, the delays after it that are answered: the wall
clock may be set right after a boot, so that instants alone would not tell.
"""

from __future__ import annotations

from collections.abc import Sequence

from rota.core.board import Due
from rota.core.excepts import excepted
from rota.core.instant import from_ms, length_ms, to_ms
from rota.core.seams import Boot
from rota.core.spread import delay
from rota.core.triggers import BootTrigger, Trigger


def boot_dues(job: str, triggers: Sequence[Trigger], boot: Boot, answered: str) -> tuple[Due, ...]:
    """What the boot makes due, soonest first, without what `answered` (a `JobRecord.boot`) names."""
    done = _delays(answered, boot)
    dues: dict[int, Due] = {}
    for index, trigger in enumerate(triggers):
        if isinstance(trigger, BootTrigger) and length_ms(trigger.delay) not in done:
            due = _due(job, index, trigger, boot)
            dues.setdefault(to_ms(due.at), due)
    return tuple(sorted(dues.values(), key=lambda due: due.starts_at))


def with_answered(answered: str, boot: Boot, triggers: Sequence[Trigger], dues: Sequence[Due]) -> str:
    """The `JobRecord.boot` that also names these instants."""
    done = _delays(answered, boot)
    for due in dues:
        trigger = triggers[due.trigger]
        if isinstance(trigger, BootTrigger):
            done |= {length_ms(trigger.delay)}
    return " ".join((boot.id, *map(str, sorted(done))))


def is_boot(due: Due, triggers: Sequence[Trigger]) -> bool:
    """Whether a boot made it."""
    return due.trigger < len(triggers) and isinstance(triggers[due.trigger], BootTrigger)


def _due(job: str, index: int, trigger: BootTrigger, boot: Boot) -> Due:
    at = from_ms(to_ms(boot.at + trigger.delay))
    late = delay(trigger.seed or job, at, trigger.spread)
    return Due(job=job, at=at, trigger=index, delay=late, excepted=excepted(at, trigger))


def _delays(answered: str, boot: Boot) -> frozenset[int]:
    """In milliseconds."""
    id_, *delays = answered.split() or [""]
    return frozenset(int(each) for each in delays) if id_ == boot.id else frozenset()
