"""Does a command end with a good exit code? `{exec | run + shell, ok, timeout}`"""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Mapping
from subprocess import DEVNULL, PIPE, STDOUT, Popen, TimeoutExpired
from typing import Any

from rota.handlers.verdict import Verdict, length_text, say_foreign

_SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


def subject(settings: Mapping[str, Any]) -> str:
    text = shlex.join(settings["exec"]) if settings.get("exec") else str(settings["run"]).strip()
    return text if len(text) <= 60 else text[:59] + "…"


def look(settings: Mapping[str, Any]) -> Verdict:
    """What the command prints goes to the log, indented; past its timeout it is killed with all it
    started.
    """
    timeout = float(settings.get("timeout") or 30)
    argv = settings.get("exec") or [*(settings.get("shell") or _SHELL), settings["run"]]
    try:
        process = Popen(argv, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, process_group=0)
    except OSError as error:
        return Verdict(ok=False, text=f"can't be started: {error.strerror}")
    with process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _show(process.communicate()[0])
            return Verdict(ok=False, text=f"did not end within {length_text(timeout)}")
    _show(output)
    good = settings.get("ok") or [0]
    return Verdict(ok=process.returncode in good, text=_how(process.returncode, good))


def _show(output: bytes) -> None:
    say_foreign(output.decode("utf-8", "replace"))


def _how(code: int, good: list[int]) -> str:
    if code < 0:
        return f"killed by signal {-code}"
    if code in good:
        return f"exit code {code}"
    return f"exit code {code}, expected {', '.join(str(one) for one in sorted(good))}"
