"""`run`, `exec`, `http`, `check`, `python` and `steps` as pieces of work, with every default filled in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rota.config.needs import check_needs
from rota.config.part import Part
from rota.config.quantity import duration, fraction, size
from rota.core.model import (
    MAIN,
    Check,
    Command,
    Condition,
    HttpRequest,
    PythonCall,
    Script,
    StepSpec,
    Work,
)
from rota.core.problems import Problem

SHELLS = {
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"),
    "sh": ("sh", "-e", "-c"),
}
_KINDS = ("disk", "tcp", "http", "file_age", "command")
_TEMPLATE = re.compile(r"\{\{-?\s*(?:(params|steps|matrix|run|host|rota|item)\.(\w+)|(items?)\b)")

Raw = Mapping[str, Any]
Blocks = Mapping[str, Callable[[Raw], Any]]


def read_steps(data: Raw, blocks: Blocks) -> tuple[StepSpec, ...]:
    """The steps of a job that fits the schema; one step MAIN when it has a single piece of work.

    `blocks`: how `retry` and `limits` are read.
    """
    shell = shell_of(data)
    if "steps" not in data:
        return (StepSpec(id=MAIN, work=_work(data.get("batch", data), shell)),)
    return tuple(
        replace(_step(raw, shell), **_own_blocks(raw, data.get("limits", {}), blocks))
        for raw in data["steps"]
    )


def read_condition(data: Raw) -> Condition | None:
    """What must be met before a run of a job that fits the schema."""
    if "condition" not in data:
        return None
    raw = data["condition"]
    if "exists" in raw:
        return Condition(work=Command(argv=("test", "-e", raw["exists"])), text=f"{raw['exists']} exists")
    if "exec" in raw:
        argv = tuple(map(_text, raw["exec"]))
        return Condition(work=Command(argv=argv), text=shlex.join(argv))
    return Condition(work=Script(text=raw["run"], shell=shell_of(data)), text=raw["run"].strip())


def check_steps(data: Raw, part: Part, problems: list[Problem]) -> None:
    """What the schema can't see: step ids used twice, what steps need, templates in shell text."""
    if "run" in data:
        check_script(part, ["run"], data["run"], problems)
    if "run" in data.get("condition", {}):
        check_script(part, ["condition", "run"], data["condition"]["run"], problems)
    seen: dict[str, int] = {}
    check_needs(data.get("steps", []), part, problems)
    for index, step in enumerate(data.get("steps", [])):
        path: list[str | int] = ["steps", index]
        if step["id"] in seen:
            message = f'two steps have the id "{step["id"]}"'
            problems.append(part.problem([*path, "id"], message, f"the first is step {seen[step['id']]}"))
        seen.setdefault(step["id"], index + 1)
        if "restart" in step.get("retry", {}):
            message = "`restart` is about all steps, so it belongs to the job's `retry`"
            problems.append(part.problem([*path, "retry", "restart"], message, "leave it out here"))
        if "run" in step:
            check_script(part, [*path, "run"], step["run"], problems)


def check_script(part: Part, path: list[str | int], text: str, problems: list[Problem]) -> None:
    """Warn of a template in shell text, where none is filled in."""
    found = _TEMPLATE.search(text)
    if found is None:
        return
    written = found[3] or f"{found[1]}.{found[2]}"
    message = f"`{{{{ {written} }}}}` is not filled in in shell text"
    name = (found[2] or "").upper()
    variable = {
        "params": f"$PARAM_{name}",
        "matrix": f"$MATRIX_{name}",
        "host": "$ROTA_HOST",
        "run": "$ROTA_RUN",
        "item": f"$ITEM_{name}",
    }
    known = f"${found[3].upper()}" if found[3] else variable.get(found[1], "")
    hint = f"use the environment variable {known}".strip()
    problems.append(part.problem(path, message, hint, severity="warning").of_rule("shell-template"))


def shell_of(data: Raw) -> tuple[str, ...]:
    """What reads the shell text of a job that fits the schema."""
    written = data.get("shell", "bash")
    return SHELLS[written] if isinstance(written, str) else tuple(map(_text, written))


def text_map(raw: Mapping[str, object]) -> dict[str, str]:
    """A map whose values may be text, whole numbers or booleans, all as text."""
    return {key: _text(value) for key, value in raw.items()}


def _step(raw: Raw, shell: tuple[str, ...]) -> StepSpec:
    return StepSpec(
        id=raw["id"],
        work=_work(raw, shell),
        title=raw.get("title", ""),
        share=int(raw.get("share", 1)),
        env=text_map(raw.get("env", {})),
        cwd=raw.get("cwd"),
        when=raw.get("if", "success").strip(),
        needs=tuple(raw["needs"]) if "needs" in raw else None,
    )


def _own_blocks(raw: Raw, of_job: Raw, blocks: Blocks) -> dict[str, Any]:
    own = {}
    if "retry" in raw:
        own["retry"] = blocks["retry"](raw["retry"])
    if "limits" in raw:
        shared = {key: value for key, value in of_job.items() if key != "timeout"}
        own["limits"] = blocks["limits"]({**shared, **raw["limits"]})
    return own


def _work(raw: Raw, shell: tuple[str, ...]) -> Work:
    if "run" in raw:
        return Script(text=raw["run"], shell=shell)
    if "exec" in raw:
        return Command(argv=tuple(map(_text, raw["exec"])))
    if "http" in raw:
        return HttpRequest(settings=_http_work(raw["http"]))
    if "python" in raw:
        return _python_call(raw["python"])
    return _check(raw["check"], shell)


def _python_call(raw: Raw) -> PythonCall:
    args = None if "args" not in raw else dict(raw["args"])
    return PythonCall(callable=raw["callable"], args=args, interpreter=raw.get("interpreter", ""))


def _http_work(raw: Raw) -> dict[str, object]:
    settings: dict[str, object] = {
        "method": raw.get("method", "GET"),
        "url": raw["url"],
        "headers": text_map(raw.get("headers", {})),
        "expect": _expectation(raw.get("expect", {})),
        "timeout": duration(raw.get("timeout", "30s")).total_seconds(),
    }
    return settings | {key: raw[key] for key in ("json", "body") if key in raw}


def _expectation(raw: Raw) -> dict[str, object]:
    """`status` is a list, and missing when any of 200 to 299 is good."""
    expected: dict[str, object] = {}
    if "status" in raw:
        status = raw["status"]
        expected["status"] = [int(each) for each in (status if isinstance(status, list) else [status])]
    if "contains" in raw:
        expected["contains"] = raw["contains"]
    return expected


def _check(raw: Raw, shell: tuple[str, ...]) -> Check:
    if "checks" not in raw:
        kind = next(kind for kind in _KINDS if kind in raw)
        return Check(kind=kind, settings=_SETTINGS[kind](raw[kind], shell))
    checks = [_listed_check(each, shell) for each in raw["checks"]]
    return Check(kind="checks", settings={"checks": checks, "threshold": int(raw.get("threshold", 1))})


def _listed_check(raw: Raw, shell: tuple[str, ...]) -> dict[str, object]:
    kind = next(kind for kind in _KINDS if kind in raw)
    return {"kind": kind, "name": raw.get("name", ""), "settings": _SETTINGS[kind](raw[kind], shell)}


def _disk(raw: Raw, _: tuple[str, ...]) -> dict[str, object]:
    free = raw["free"]
    is_part = isinstance(free, str) and free.endswith("%")
    least = {"fraction": fraction(free)} if is_part else {"bytes": size(free)}
    return {"path": raw.get("path", "/"), "free": least}


def _tcp(raw: Raw, _: tuple[str, ...]) -> dict[str, object]:
    timeout = duration(raw.get("timeout", "5s")).total_seconds()
    return {"host": raw["host"], "port": int(raw["port"]), "timeout": timeout}


def _http(raw: Raw, _: tuple[str, ...]) -> dict[str, object]:
    timeout = duration(raw.get("timeout", "10s")).total_seconds()
    return {"url": raw["url"], "timeout": timeout} | _expectation(raw)


def _file_age(raw: Raw, _: tuple[str, ...]) -> dict[str, object]:
    where = {key: raw[key] for key in ("path", "glob") if key in raw}
    return where | {"max_age": duration(raw["max_age"]).total_seconds()}


def _command(raw: Raw, shell: tuple[str, ...]) -> dict[str, object]:
    settings: dict[str, object] = {
        "ok": [int(code) for code in raw.get("ok", [0])],
        "timeout": duration(raw.get("timeout", "30s")).total_seconds(),
    }
    if "run" in raw:
        return settings | {"run": raw["run"], "shell": list(shell)}
    return settings | {"exec": [_text(item) for item in raw["exec"]]}


_SETTINGS: dict[str, Callable[[Raw, tuple[str, ...]], dict[str, object]]] = {
    "disk": _disk,
    "tcp": _tcp,
    "http": _http,
    "file_age": _file_age,
    "command": _command,
}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) else str(value)
