"""Limits that are right but leave no room: what will fail for them and not for what the job does."""

from __future__ import annotations

from collections.abc import Iterator

from rota.config.caution import Caution
from rota.core.model import JobSpec, Limits, Script, StepSpec
from rota.core.words import length_in_words, size_in_words

_RULE = "limits"
_SHELL_BYTES = 4 * 1024 * 1024
_PYTHON_BYTES = 32 * 1024 * 1024
_FEW_FILES = 16
_PYTHON = ("HttpRequest", "Check", "PythonCall")  # kinds of work that are programs in Python


def limit_cautions(spec: JobSpec) -> Iterator[Caution]:
    """Of the limits of all steps; each thing is said once."""
    found = [caution for step in spec.steps for caution in _of_step(step, spec.limits_of(step.id))]
    found += _of_times(spec.limits)
    yield from dict.fromkeys(found)


def _of_step(step: StepSpec, limits: Limits) -> Iterator[Caution]:
    is_python = type(step.work).__name__ in _PYTHON
    least = _PYTHON_BYTES if is_python else _SHELL_BYTES
    if limits.memory is not None and limits.memory < least:
        what = "Python, which this kind of work is written in," if is_python else "a shell and what it starts"
        yield _caution(
            f"memory {size_in_words(limits.memory)}: {what} may need more than that",
            f"leave it at least {size_in_words(least)}",
        )
    if limits.nofile is not None and limits.nofile < _FEW_FILES:
        yield _caution(
            f"nofile {limits.nofile}: many programs have more files open before they do anything",
            f"leave it at least {_FEW_FILES}",
        )
    if limits.pids == 1 and isinstance(step.work, Script):
        yield _caution("pids 1: the shell is that one process and can start nothing", "leave it at least 2")


def _of_times(limits: Limits) -> Iterator[Caution]:
    if limits.timeout is None:
        return
    timeout = length_in_words(limits.timeout)
    # Nobody is told of what nobody wrote.
    if limits.timeout < limits.grace != Limits().grace:
        yield _caution(
            f"it may take longer to stop ({length_in_words(limits.grace)}) than to run ({timeout})",
            "shorten `grace`, or lengthen `timeout`",
        )
    if limits.watchdog is not None and limits.watchdog >= limits.timeout:
        yield _caution(
            f"the watchdog never acts: the timeout of {timeout} comes first",
            "shorten `watchdog`, or leave it out",
        )


def _caution(message: str, hint: str) -> Caution:
    return Caution(rule=_RULE, message=message, hint=hint)
