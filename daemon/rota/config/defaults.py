"""`_defaults.yaml`: what is merged under every job of its folder and below."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from rota.config import yaml12
from rota.config.checker import Shape, checker
from rota.config.part import Part, in_order
from rota.config.places import Data, Places
from rota.config.wording import explain
from rota.core.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a folder's jobs begin with. `key` differs when anything in it does; broken ones can't be used."""

    data: dict[str, Data]
    places: Places
    key: str = ""
    broken: bool = False
    writable: str = ""  # where group or others may write what is in it
    problems: tuple[Problem, ...] = ()


# A block without any of these says nothing by itself.
_INCOMPLETE = {
    "schedule": {"cron", "every", "at", "boot", "after"},
    "http": {"url"},
    "python": {"callable"},
    "check": {"disk", "tcp", "http", "file_age", "command", "checks"},
}

NONE = Defaults(data={}, places=Places(("", 0, 0, 0, 0)))


def read(content: bytes, file: str, outer: Defaults) -> Defaults:
    """The defaults of a folder: its own file over those of the folder around it."""
    document = yaml12.read(content, file)
    own = document.data if isinstance(document.data, dict) else {}
    places = document.places.joined(outer.places)
    data = merged(outer.data, own, places)
    problems = list(document.problems)
    if document.readable and document.data is not None:
        checked = Part(data=data if own else document.data, places=places)
        problems += explain(checker(Shape.DEFAULTS).iter_errors(checked.data), checked, partial=True)
    return Defaults(
        data=data,
        places=places,
        key=sha256(outer.key.encode() + content).hexdigest(),
        broken=outer.broken or bool(problems),
        problems=in_order(problems),
    )


def applied(defaults: Defaults, job: dict[str, Data], places: Places) -> dict[str, Data]:
    """A job over the defaults. What only adds to a block (a zone) makes none where the job has none."""
    data = merged(defaults.data, job, places)
    for key, makes in _INCOMPLETE.items():
        block = data.get(key)
        if key not in job and isinstance(block, dict) and not makes & block.keys():
            del data[key]
    return data


def merged(base: dict[str, Data], over: dict[str, Data], places: Places) -> dict[str, Data]:
    """`over` laid over `base`: maps deeply, all else replaced, an empty value takes away what `base` has."""
    if not base:
        return over
    result: dict[str, Data] = {**base}
    for key, value in over.items():
        below = base.get(key)
        if value is None and key in base:
            del result[key]
        elif isinstance(value, dict) and isinstance(below, dict):
            result[key] = merged(below, value, places)
        else:
            result[key] = value
    places.add(result, {**places.of(base), **places.of(over)})
    return result
