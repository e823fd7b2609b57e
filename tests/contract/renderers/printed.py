"""Trees on a recorded console."""

from __future__ import annotations

import copy
import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from rota_renderers.terminal import render

NOW = 1790244000000  # 2026-09-24 10:00 UTC


def printed(
    elements: Mapping[str, Any],
    root: str = "root",
    *,
    now: int = NOW,
    width: int = 80,
    unicode: bool = True,
    colour: bool = False,
) -> str:
    """What a terminal of that width shows, without trailing blanks."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        color_system="truecolor" if colour else None,
        force_terminal=colour,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
    )
    console.print(render(elements, root, now_ms=now, width=width, unicode=unicode))
    return "\n".join(line.rstrip() for line in stream.getvalue().split("\n")).rstrip() + "\n"


def tree_of(component: str, example: Mapping[str, Any]) -> dict[str, Any]:
    """The example of a catalog file as a whole tree."""
    members = {
        name: example[name] for name in ("props", "text", "children", "slots", "actions") if name in example
    }
    return copy.deepcopy({"root": {"type": component, **members}, **example.get("elements", {})})


def flat(text: str) -> str:
    """On one line, so that a fact is found wherever a line broke."""
    return " ".join(text.split())


def printed_page(document: Mapping[str, Any], *, width: int, unicode: bool) -> str:
    """A whole tree as the daemon sends it, at its own time."""
    return printed(document["elements"], document["root"], now=document["now"], width=width, unicode=unicode)
