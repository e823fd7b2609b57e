"""A part of what was read, with what is needed to say where something in it is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from rota.config.places import Data, Path, Places, pointer
from rota.core.problems import Problem, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Data with its places; `prefix` is the path of `data` inside its file."""

    data: Data
    places: Places
    prefix: tuple[str | int, ...] = ()

    def problem(
        self,
        path: Path,
        message: str,
        hint: str | None = None,
        *,
        at_key: bool = False,
        severity: Severity = "error",
    ) -> Problem:
        """A problem with the value (or the key) at that path of `data`."""
        locate = self.places.key if at_key else self.places.value
        place = locate(self.data, path)
        is_elsewhere = place.file != self.places.start[0]  # in a file of defaults
        return Problem(
            file=place.file,
            line=place.line,
            column=place.column,
            path=pointer(path if is_elsewhere else (*self.prefix, *path)),
            message=message,
            hint=hint,
            severity=severity,
            rule=_rule(path),
        )


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Without repetitions, by place. What YAML makes of a value that it misreads is no further problem."""
    misread = {_place(found) for found in problems if found.rule in _MISREAD}
    kept = [found for found in problems if found.rule in _MISREAD or _place(found) not in misread]
    return tuple(sorted(dict.fromkeys(kept), key=_place))


# What is found beyond the schema is named after the key that it is about.
_RULES = {
    "cron": "cron",
    "timezone": "timezone",
    "at": "instant",
    "except": "except",
    "after": "reference",
    "renamed_from": "reference",
    "params": "params",
    "matrix": "matrix",
    "exit_codes": "exit-codes",
    "concurrency": "pool",
    "expect": "expect",
    "id": "step-id",
    "needs": "step-id",
}
_MISREAD = frozenset({"yaml-value", "yaml-tag"})


def _place(problem: Problem) -> tuple[str, int, int]:
    return problem.file, problem.line, problem.column


def _rule(path: Path) -> str:
    keys = (each for each in (*path[:1], *reversed(path)) if isinstance(each, str) and each in _RULES)
    return _RULES.get(next(keys, ""), "job-file")
