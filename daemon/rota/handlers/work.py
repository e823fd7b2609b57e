"""From a piece of work of a job file to what the runner spawns."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rota.core.errors import JobError
from rota.core.model import Check, Command, HttpRequest, ItemSearch, PythonCall, Script, Work
from rota.core.templates import render, value
from rota.handlers.verdict import SETTINGS

# The kernel takes at most 128 KiB in one argument or one environment variable (MAX_ARG_STRLEN).
_MAX_ARGUMENT = 128 * 1024 - 64
_PYTHON = str(Path(__file__).parent / "python")  # run as a folder: any interpreter can


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What to spawn; `env` is what this kind of work needs on top of the run's environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def prepare(work: Work, values: Mapping[str, object]) -> Prepared:
    """The argv of that work, with its templates filled from `values` (`core.values.template_values`).

    Raises JobError with a sentence for people when a template fails or a text is longer than Linux can pass.
    """
    if isinstance(work, Script):
        return Prepared(argv=_checked((*work.shell, work.text), "run"))
    if isinstance(work, Command):
        rendered = (render(item, values, where=f"exec[{i}]") for i, item in enumerate(work.argv))
        return Prepared(argv=_checked(tuple(rendered), "exec"))
    if isinstance(work, HttpRequest):
        return _built_in("http", _filled(work.settings, values, "http"))
    if isinstance(work, Check):
        return _built_in(
            "check", {"kind": work.kind, "settings": _filled_check(work.kind, work.settings, values)}
        )
    if isinstance(work, ItemSearch):
        return _built_in("items", _search(work, values))
    if isinstance(work, PythonCall):
        argv = _checked((work.interpreter or sys.executable, "-u", _PYTHON), "python.interpreter")
        return Prepared(argv=argv, env=_settings(_call(work, values), "python"))
    raise AssertionError(f"no handler for {type(work).__name__}")


def _built_in(module: str, settings: object) -> Prepared:
    argv = (sys.executable, "-I", "-m", f"rota.handlers.{module}")
    return Prepared(argv=argv, env=_settings(settings, module))


def _settings(settings: object, module: str) -> dict[str, str]:
    # They travel in the environment: any user can read an argv, and a header can be private.
    text = json.dumps(settings, separators=(",", ":"))
    if len(text) > _MAX_ARGUMENT:
        raise JobError(
            f"The {module} block is larger than the {_MAX_ARGUMENT // 1024} KiB that Linux can pass."
        )
    return {SETTINGS: text}


def _search(work: ItemSearch, values: Mapping[str, object]) -> dict[str, object]:
    source = work.source
    if source.work is None:
        return {source.kind: source.path, "most": work.most}
    return {"argv": list(prepare(source.work, values).argv), "most": work.most}


def _call(work: PythonCall, values: Mapping[str, object]) -> dict[str, object]:
    call: dict[str, object] = {"callable": work.callable, "params": values.get("params", {})}
    if work.args is not None:
        # What is one template alone keeps its type.
        call["args"] = _mapped(work.args, "python.args", lambda text, place: value(text, values, where=place))
    return call


def _filled_check(kind: str, settings: Mapping[str, object], values: Mapping[str, object]) -> object:
    """Templates where a check holds what they are allowed in elsewhere: HTTP values and argv items."""
    if kind == "http":
        return _filled(settings, values, "check.http")
    if kind == "command" and "exec" in settings:
        return {**settings, "exec": _filled(settings["exec"], values, "check.command.exec")}
    if kind == "checks" and isinstance(checks := settings["checks"], list | tuple):
        filled = [{**one, "settings": _filled_check(one["kind"], one["settings"], values)} for one in checks]
        return {**settings, "checks": filled}
    return settings


def _filled(given: object, values: Mapping[str, object], where: str) -> object:
    """The same shape with every text rendered; keys are left alone."""
    return _mapped(given, where, lambda text, place: render(text, values, where=place))


def _mapped(given: object, where: str, fill: Callable[[str, str], object]) -> object:
    if isinstance(given, str):
        return fill(given, where)
    if isinstance(given, Mapping):
        return {key: _mapped(item, f"{where}.{key}", fill) for key, item in given.items()}
    if isinstance(given, list | tuple):
        return [_mapped(item, f"{where}[{i}]", fill) for i, item in enumerate(given)]
    return given


def _checked(argv: tuple[str, ...], where: str) -> tuple[str, ...]:
    if not argv or not argv[0]:
        raise JobError(f"{where} names no program: its first item is empty.")
    for item in argv:
        if "\0" in item:
            raise JobError(f"{where} holds a NUL character, which no program can be given.")
        if len(item.encode("utf-8", "surrogateescape")) > _MAX_ARGUMENT:
            limit = _MAX_ARGUMENT // 1024
            raise JobError(
                f"{where} holds more than the {limit} KiB that Linux can pass: put it into a file."
            )
    return argv
