"""Words, glyphs, styles and command lines from the catalog's data files.

Read straight from the files: the catalog's own loader builds validators, which would double the time that a
`rota status` takes.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a state is shown: its word, one character, and a style of Rich."""

    word: str
    glyph: str
    style: str


def look_of(state: str, *, unicode: bool) -> Look:
    """An unknown state looks like `unknown` and keeps its own word."""
    states = _tokens()["states"]
    found = states.get(state) or {**states["unknown"], "word": state}
    return Look(
        word=found["word"],
        glyph=found["glyph" if unicode else "ascii"],
        style=style_of(found["tone"]),
    )


def style_of(tone: str) -> str:
    """The style of a tone; an unknown one is `idle`."""
    tones = _tokens()["tones"]
    return str((tones.get(tone) or tones["idle"])["terminal"])


def command_of(action: Mapping[str, Any]) -> str:
    """What to type for an action, quoted for a shell; "" when there is nothing to type."""
    rule = _actions().get(str(action.get("do")))
    if rule is None:
        return ""
    args = {name: shlex.quote(str(value)) for name, value in action.get("args", {}).items()}
    try:
        return str(rule["cli"]).format_map(args)
    except (KeyError, ValueError, IndexError):
        return ""


def reason_of(action: Mapping[str, Any]) -> str:
    """Why an action can't be used now, in words; "" when it can."""
    key = action.get("disabled")
    if key is None:
        return ""
    rule = _actions().get(str(action.get("do")), {})
    return str(rule.get("disabled", {}).get(key, str(key).replace("_", " ")))


@cache
def _tokens() -> Any:
    return json.loads((files("rota_catalog") / "tokens.json").read_text(encoding="utf-8"))


@cache
def _actions() -> Mapping[str, Any]:
    folder = files("rota_catalog") / "actions"
    rules = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".json")
    ]
    return {rule["name"]: rule for rule in rules}
