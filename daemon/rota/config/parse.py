"""One job as read from YAML, after `_defaults.yaml`, as a JobSpec or as everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from rota.config.batch import check_batch, read_batch
from rota.config.calendars import Calendars
from rota.config.checker import errors_in
from rota.config.concurrency import read_concurrency
from rota.config.findings import Findings, Mention
from rota.config.matrix import as_values, ending
from rota.config.meaning import check_exit_codes, check_expect, check_params, check_pool
from rota.config.part import Part, in_order
from rota.config.places import Places
from rota.config.quantity import duration, fraction, size, whole_percent
from rota.config.retention import check_retention, read_retention
from rota.config.spots import spots
from rota.config.template_check import check_templates
from rota.config.triggers import Origin, read_triggers
from rota.config.wording import explain
from rota.config.work import check_steps, read_condition, read_steps, shell_of, text_map
from rota.core.model import (
    Backoff,
    Definition,
    Enforce,
    ExitCodes,
    Expect,
    JobSpec,
    Limits,
    Link,
    Missed,
    MissedPolicy,
    Retry,
    RunAs,
    Secret,
    Source,
)
from rota.core.problems import Problem
from rota.core.triggers import Trigger

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a job gets from outside its file.

    `timezone` is that of triggers that name none; `host` None takes the jobs of every host; `pools` are those
    of rota.yaml with their sizes (None: nobody knows them, and every name passes).
    """

    timezone: str = "UTC"
    host: str | None = None
    pools: Mapping[str, int] | None = None
    calendars: Calendars = field(default_factory=Calendars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """`spec` is None when there is an error among the problems; warnings come beside it."""

    spec: JobSpec | None
    problems: tuple[Problem, ...] = ()
    is_here: bool = True  # whether `hosts` lets this host have it
    upstreams: tuple[Mention, ...] = ()  # jobs that it comes after
    former: tuple[Mention, ...] = ()  # the id that it had before
    calendars: Mapping[Path, str] = field(default_factory=dict)  # files it looked into, and what key they had


def parse(job: str, part: Part, source: Source, surroundings: Surroundings) -> Parsed:
    """Check the whole of one job and build it. `job` is its id, already checked."""
    data: Any = part.data if isinstance(part.data, dict) else {}
    errors = errors_in(part.data)
    findings = Findings(problems=explain(errors, part))
    # What the schema refused is not looked at again, so that one mistake makes one problem.
    refused = {error.absolute_path[0] for error in errors if error.absolute_path}
    fitting = {key: value for key, value in data.items() if key not in refused}
    found = read_triggers(fitting, part, _origin(job, source, surroundings), findings)
    _check(fitting, part, surroundings, findings)
    definition = None if errors else _definition(data)
    if definition is None or "{{" in definition.text:  # to look for templates everywhere takes longer
        check_templates(fitting, part, findings.problems, unknown=refused)
    problems = in_order(findings.problems)
    if definition is None or any(problem.severity == "error" for problem in problems):
        return Parsed(spec=None, problems=problems, calendars=findings.calendars)
    spec = _build(job, data, definition, replace(source, spots=spots(part)), found)
    spec = replace(spec, timezone=surroundings.timezone)
    is_here = is_on(surroundings.host, data.get("hosts", "*"))
    return Parsed(
        spec=spec,
        problems=problems,
        is_here=is_here,
        upstreams=tuple(findings.upstreams),
        former=tuple(findings.former),
        calendars=findings.calendars,
    )


def restore(job: str, definition: str, source: Source, surroundings: Surroundings) -> JobSpec | None:
    """A job from the text of its `Definition`; None when it no longer fits the rules, or not this host."""
    try:
        data = json.loads(definition)
    except ValueError:
        return None
    start = (source.file, source.line - 1, 0, source.line - 1, 0)
    parsed = parse(job, Part(data=data, places=Places(start)), source, surroundings)
    return parsed.spec if parsed.is_here else None


def is_on(host: str | None, globs: str | Sequence[str]) -> bool:
    """Whether `hosts` names that host: some glob matches, and none that begins with `!`."""
    if host is None:
        return True
    written = [globs] if isinstance(globs, str) else globs
    wanted = [glob for glob in written if not glob.startswith("!")] or ["*"]
    unwanted = [glob[1:] for glob in written if glob.startswith("!")]
    return _any_matches(host, wanted) and not _any_matches(host, unwanted)


def _check(data: Raw, part: Part, surroundings: Surroundings, findings: Findings) -> None:
    """What the schema can't see."""
    check_steps(data, part, findings.problems)
    check_batch(data, part, findings.problems)
    check_params(data, part, findings.problems)
    check_exit_codes(data, part, findings.problems)
    check_pool(data, part, surroundings.pools, findings.problems)
    check_expect(data, part, findings.problems)
    check_retention(data, part, findings.problems)
    former = _former_id(data)
    if former is not None:
        findings.former.append(Mention(job=former, place=part.problem(["renamed_from"], "")))


def _former_id(data: Raw) -> str | None:
    former, values = data.get("renamed_from"), as_values(data.get("matrix", {}))
    return f"{former}-{ending(values)}" if former and values else former


def _origin(job: str, source: Source, surroundings: Surroundings) -> Origin:
    return Origin(
        timezone=surroundings.timezone,
        seed=_seed(job, surroundings.host),
        folder=source.directory,
        calendars=surroundings.calendars,
    )


def _any_matches(host: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(host.lower(), glob.lower()) for glob in globs)


def _seed(job: str, host: str | None) -> str:
    return f"{host}/{job}" if host else job


def _build(
    job: str, data: Raw, definition: Definition, source: Source, found: tuple[Trigger, ...]
) -> JobSpec:
    given = {key: read(data[key]) for key, read in _KEYS.items() if key in data}
    if given.get("title") and given.get("matrix"):
        given["title"] += f" ({', '.join(given['matrix'].values())})"
    if "as" in given:
        given["run_as"] = given.pop("as")
    return JobSpec(
        id=job,
        steps=read_steps(data, _KEYS),
        source=source,
        definition=definition,
        triggers=found,
        condition=read_condition(data),
        batch=read_batch(data["batch"], shell_of(data)) if "batch" in data else None,
        renamed_from=_former_id(data),
        **given,
    )


def _definition(data: Raw) -> Definition:
    text = _CANONICAL.encode(data)
    return Definition(text=text, hash=sha256(text.encode()).hexdigest())


def _block(build: Callable[..., Any], readers: Mapping[str, Callable[[Any], object]]) -> Callable[[Raw], Any]:
    """Reads a map into a value: a key that is not written keeps the default of the value's type."""

    @lru_cache(maxsize=1024)  # the same few blocks stand in thousands of files, which share what they mean
    def read(*written: tuple[str, Any]) -> Any:
        return build(**{key: readers[key](value) for key, value in written})

    def shared(raw: Raw) -> Any:
        return read(*((key, tuple(each) if isinstance(each, list) else each) for key, each in raw.items()))

    return shared


def _missed(raw: str | Raw) -> Missed:
    return _MISSED({"run": raw} if isinstance(raw, str) else raw)  # type: ignore[no-any-return]


def _jitter(raw: str | int) -> float:
    return fraction(raw) if isinstance(raw, str) else 0.0


def _exit_codes(raw: Mapping[str, Sequence[int]]) -> ExitCodes:
    groups = {group: frozenset(int(code) for code in codes) for group, codes in raw.items()}
    if "ok" not in groups:
        groups["ok"] = ExitCodes().ok.difference(*groups.values())  # 0 is ok unless named as something else
    return ExitCodes(**groups)


def _links(raw: Sequence[Mapping[str, str]]) -> tuple[Link, ...]:
    return tuple(Link(label=each["label"], href=each["href"]) for each in raw)


def _expect(raw: Mapping[str, Mapping[str, str | int]]) -> Expect:
    usual = {key: duration(written) for key, written in raw.get("duration", {}).items()}
    return Expect(shortest=usual.get("min"), longest=usual.get("max"))


def _octal(raw: str) -> int:
    return int(raw, 8)


def _paths(raw: str | Sequence[str]) -> tuple[str, ...]:
    return (raw,) if isinstance(raw, str) else tuple(raw)


def _secrets(raw: Mapping[str, Mapping[str, str]]) -> dict[str, Secret]:
    return {
        name: Secret(kind=kind, name=where)
        for name, written in raw.items()
        for kind, where in written.items()
    }


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_MISSED = _block(Missed, {"run": MissedPolicy, "within": duration})
_KEYS: dict[str, Callable[[Any], Any]] = {
    "title": str,
    "description": str,
    "owner": str,
    "tags": tuple,
    "links": _links,
    "enabled": bool,
    "missed": _missed,
    "start_deadline": duration,
    "params": dict,
    "retry": _block(
        Retry,
        {
            "attempts": int,
            "backoff": Backoff,
            "delay": duration,
            "max_delay": duration,
            "jitter": _jitter,
            "on": frozenset,
            "deadline": duration,
            "restart": bool,
        },
    ),
    "limits": _block(
        Limits,
        {
            "timeout": duration,
            "grace": duration,
            "output": size,
            "watchdog": duration,
            "memory": size,
            "cpu": whole_percent,
            "pids": int,
            "nofile": int,
            "enforce": Enforce,
        },
    ),
    "as": _block(RunAs, {"user": str, "group": str, "umask": _octal, "nice": int, "io": str}),
    "concurrency": read_concurrency,
    "matrix": as_values,
    "expect": _expect,
    "retention": read_retention,
    "env": text_map,
    "env_file": _paths,
    "secrets": _secrets,
    "cwd": str,
    "exit_codes": _exit_codes,
    "markers": bool,
}
