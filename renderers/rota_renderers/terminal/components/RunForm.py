"""The parameters a job takes, and the command that gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from rota_renderers.terminal.canvas import Canvas, Element, joined, text


def draw(element: Element, canvas: Canvas) -> RenderableType:
    props = element["props"]
    canvas.says("form", element.get("text", ""))
    for param in props["params"]:
        canvas.says(_role(param), param.get("title") or param["name"])
    lines: list[RenderableType] = [text(props["note"])] if props.get("note") else []
    lines += [Padding(_param(param), (0, 0, 0, 2), expand=False) for param in props["params"]]
    return Group(*lines, *canvas.actions(element))


def _role(param: Mapping[str, Any]) -> str:
    if param.get("enum") or param["type"] == "boolean":
        return "combobox"
    return "spinbutton" if param["type"] in ("integer", "number") else "textbox"


def _param(param: Mapping[str, Any]) -> Text:
    facts = joined([text(fact, "dim") for fact in _facts(param)], ", ")
    return joined([text(f"-p {param['name']}=", "bold"), text(param.get("title", "")), facts])


def _facts(param: Mapping[str, Any]) -> Iterator[str]:
    yield str(param["type"])
    if "enum" in param:
        yield "one of " + " | ".join(str(value) for value in param["enum"])
    if "default" in param:
        yield f"default {json.dumps(param['default'], ensure_ascii=False)}"
    yield "required" if param.get("required") else ""
    for name, word in (("minimum", "at least"), ("maximum", "at most"), ("maxLength", "characters at most")):
        if name in param:
            yield f"{word} {param[name]}"
    yield str(param.get("description", ""))
