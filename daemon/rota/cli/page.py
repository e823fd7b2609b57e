"""Render trees at the command line: fetched, kept up to date, printed by the terminal renderer."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, RenderableType

from rota.cli.client import Daemon, route
from rota.cli.outside import Outside
from rota.core.instant import to_ms
from rota_renderers.terminal import render

NARROWEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A tree at a position; `document` is the snapshot as it came, for --json."""

    topic: str
    epoch: str
    seq: int
    root: str
    elements: Mapping[str, Any]
    document: Mapping[str, Any]


def fetch_tree(daemon: Daemon, topic: str) -> Tree:
    """The whole tree of a topic: `overview`, `job/<job>` or `run/<run>`."""
    answer = daemon.get(route("trees", topic))
    return _whole(topic, answer["tree"])


def refreshed(daemon: Daemon, tree: Tree) -> Tree:
    """The tree as it is now: the same object when nothing changed."""
    from rota_catalog.apply import PatchRefused, apply

    answer = daemon.get(route("trees", tree.topic), {"since": f"{tree.epoch}.{tree.seq}"})
    if answer["t"] == "ok":
        return tree
    if answer["t"] == "snapshot":
        return _whole(tree.topic, answer["tree"])
    try:
        if answer["base"] != tree.seq or answer["epoch"] != tree.epoch:
            return fetch_tree(daemon, tree.topic)
        elements = apply(tree.elements, answer["ops"], count=answer["n"])
    except PatchRefused:
        return fetch_tree(daemon, tree.topic)
    return Tree(
        topic=tree.topic,
        epoch=tree.epoch,
        seq=answer["seq"],
        root=tree.root,
        elements=elements,
        document=tree.document,
    )


def news(before: Tree, after: Tree) -> list[str]:
    """What is worth a line of its own: the texts of elements that are in another state than before."""
    return [
        element["text"]
        for id_, element in after.elements.items()
        if element.get("text")
        and _essence(element) is not None
        and _essence(element) != _essence(before.elements.get(id_, {}))
    ]


def say_tree(tree: Tree, world: Outside) -> None:
    """Print it once."""
    console = a_console()
    console.print(drawn(tree, world, console.width))


def drawn(tree: Tree, world: Outside, width: int) -> RenderableType:
    """The tree for a console of that width, at this moment."""
    now = to_ms(world.now())
    return render(tree.elements, tree.root, now_ms=now, width=width, unicode=speaks_unicode())


def a_console() -> Console:
    """Rich's console on stdout: colours only on a terminal and without NO_COLOR; pipes get 100 columns."""
    is_terminal = sys.stdout.isatty()
    width = None if is_terminal else int(os.environ.get("COLUMNS") or 100)
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=False, width=width)
    if console.width < NARROWEST:
        console.width = NARROWEST
    return console


def speaks_unicode(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether our own marks may be more than ASCII: ROTA_ASCII unset, and an encoding that has them.

    East Asian terminals draw some of those marks two cells wide, so there ASCII is chosen.
    """
    if environ.get("ROTA_ASCII"):
        return False
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return encoding.startswith("utf") and locale[:2] not in ("ja", "ko", "zh")


def _essence(element: Mapping[str, Any]) -> object:
    """What makes an element another one for people who read line by line; None: never worth a line."""
    props = element.get("props", {})
    match element.get("type"):
        case "JobRow" | "PhaseIndicator":
            return props.get("state")
        case "Banner" | "ErrorAlert":
            return props.get("title")
        case "StepList":
            return [(step["key"], step["state"]) for step in props.get("steps", ())]
    return None


def _whole(topic: str, tree: Mapping[str, Any]) -> Tree:
    return Tree(
        topic=topic,
        epoch=tree["epoch"],
        seq=tree["seq"],
        root=tree["root"],
        elements=tree["elements"],
        document=tree,
    )
