"""From a piece of work of a job file to what the runner spawns."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from rota.core.errors import JobError
from rota.core.model import Check, Command, HttpRequest, Script, Work
from rota.core.templates import render
from rota.handlers.verdict import SETTINGS

# The kernel takes at most 128 KiB in one argument or one environment variable (MAX_ARG_STRLEN).
_MAX_ARGUMENT = 128 * 1024 - 64


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
    raise AssertionError(f"no handler for {type(work).__name__}")


def _built_in(module: str, settings: object) -> Prepared:
    # Settings travel in the environment: any user can read an argv, and a header can be private.
    text = json.dumps(settings, separators=(",", ":"))
    if len(text) > _MAX_ARGUMENT:
        raise JobError(
            f"The {module} block is larger than the {_MAX_ARGUMENT // 1024} KiB that Linux can pass."
        )
    return Prepared(argv=(sys.executable, "-I", "-m", f"rota.handlers.{module}"), env={SETTINGS: text})


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


def _filled(value: object, values: Mapping[str, object], where: str) -> object:
    """The same shape with every text rendered; keys are left alone."""
    if isinstance(value, str):
        return render(value, values, where=where)
    if isinstance(value, Mapping):
        return {key: _filled(item, values, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, values, f"{where}[{i}]") for i, item in enumerate(value)]
    return value


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
