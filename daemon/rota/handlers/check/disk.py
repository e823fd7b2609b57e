"""Is there enough free space? `{path, free: {fraction} | {bytes}}`"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from rota.handlers.verdict import Verdict, size_text


def subject(settings: Mapping[str, Any]) -> str:
    return str(settings.get("path") or "/")


def look(settings: Mapping[str, Any]) -> Verdict:
    """Free is what an ordinary user may still write."""
    path = subject(settings)
    try:
        usage = shutil.disk_usage(path)
    except OSError as error:
        return Verdict(ok=False, text=f"{path} can't be looked at: {error.strerror}")
    fraction = usage.free / usage.total if usage.total else 1.0
    wanted = settings["free"]
    least = wanted["bytes"] if "bytes" in wanted else wanted["fraction"] * usage.total
    text = f"{size_text(usage.free)} of {size_text(usage.total)} free ({fraction:.0%})"
    if usage.free < least:
        text += f", expected at least {_limit(wanted)}"
    outputs = {"free_bytes": str(usage.free), "free_percent": f"{fraction * 100:.1f}"}
    return Verdict(ok=usage.free >= least, text=text, outputs=outputs)


def _limit(wanted: Mapping[str, Any]) -> str:
    return size_text(wanted["bytes"]) if "bytes" in wanted else f"{wanted['fraction']:.0%}"
