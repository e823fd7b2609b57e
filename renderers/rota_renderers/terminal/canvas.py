"""Where elements are drawn: what is around them, and what stands in when one can't be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from rota_renderers.outline import Said
from rota_renderers.plain import one_line, plain
from rota_renderers.terminal.look import command_of, look_of, reason_of, style_of

MAX_DEPTH = 32

Element = Mapping[str, Any]
Draw = Callable[[Element, "Canvas"], RenderableType]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """What a component sees while it draws itself; `width` is in cells, `zone` that of times without one."""

    elements: Mapping[str, Element]
    components: Mapping[str, Draw]
    now_ms: int
    width: int
    unicode: bool = True
    zone: str = "UTC"
    above: tuple[str, ...] = ()  # ids of the elements around this one
    said: list[Said] = field(default_factory=list)  # what was drawn so far, in words

    def draw(self, id_: str) -> RenderableType | None:
        """The element, or a marked box in its place; None when there is no such element."""
        element = self.elements.get(id_)
        if element is None:
            return None
        if id_ in self.above or len(self.above) >= MAX_DEPTH:
            return box(self, f"{element.get('type')} can't be shown", element.get("text", ""))
        inside = self.inside(id_)
        before = len(self.said)
        component = self.components.get(str(element.get("type")))
        if component is None:
            return _unsupported(inside, element)
        try:
            return component(element, inside)
        except Exception:  # one element that can't be drawn must not take the page with it
            del self.said[before:]
            return _broken(inside, element)

    def draw_all(self, ids: Sequence[str]) -> list[RenderableType]:
        """Those of the elements that are there."""
        drawn = [self.draw(id_) for id_ in ids]
        return [each for each in drawn if each is not None]

    def children(self, element: Element) -> list[RenderableType]:
        return self.draw_all(element.get("children", ()))

    def slot(self, element: Element, name: str) -> list[RenderableType]:
        return self.draw_all(element.get("slots", {}).get(name, ()))

    def inside(self, id_: str) -> Canvas:
        """The same within an element."""
        return replace(self, above=(*self.above, id_))

    def says(self, role: str, name: object = "", value: object = "") -> None:
        """Note what is drawn here, for those who ask for the outline."""
        owner = self.above[-1] if self.above else ""
        self.said.append(Said(role=role, name=one_line(name), value=str(value), owner=owner))

    def says_link(self, name: object, href: object) -> None:
        """Note that these words lead somewhere, if they do."""
        if isinstance(href, str):
            self.says("link", name, href)

    def narrower(self, by: int) -> Canvas:
        """The same with less room."""
        return replace(self, width=max(10, self.width - by))

    def in_zone(self, zone: str) -> Canvas:
        return replace(self, zone=zone)

    def state(self, state: str, word: str | None = None) -> Text:
        """Glyph and word of a state."""
        look = look_of(state, unicode=self.unicode)
        self.says("state", state)
        return Text(f"{look.glyph} {one_line(word or look.word)}", style=look.style)

    def glyph(self, state: str) -> Text:
        look = look_of(state, unicode=self.unicode)
        self.says("state", state)
        return Text(look.glyph, style=look.style)

    def pick(self, unicode: str, ascii_: str) -> str:
        """Our own marks: the ASCII one where the terminal asks for it."""
        return unicode if self.unicode else ascii_

    def actions(self, element: Element) -> list[Text]:
        """Each action as its label and what to type for it."""
        return [self._action(action) for action in element.get("actions", ())]

    def _action(self, action: Mapping[str, Any]) -> Text:
        label = f"[{one_line(action.get('label', ''))}]"
        reason = reason_of(action)
        self.says("button", action.get("label", ""), "disabled" if reason else "")
        if reason:
            return Text(f"{label} {one_line(reason)}", style="dim")
        line = Text(label, style="bold")
        command = command_of(action)
        return line.append(f" {one_line(command)}", style="dim not bold") if command else line


def text(value: object, style: str = "") -> Text:
    """One line of foreign text: never markup, never control characters."""
    return Text(one_line(value), style=style)


def prose(value: object, style: str = "") -> Text:
    """Foreign text that keeps its line breaks."""
    return Text(plain(value), style=style, overflow="fold")


def joined(parts: Sequence[Text], separator: str = "  ") -> Text:
    """The parts that are not empty, on one line."""
    return Text(separator).join([part for part in parts if part.plain])


def box(canvas: Canvas, title: str, told: object, inside: Sequence[RenderableType] = ()) -> RenderableType:
    """A marked place: something belongs here that can't be shown as it is."""
    mark = canvas.pick("┃", "|")
    head = Text(f"{mark} {one_line(title)}", style=style_of("warn"))
    lines: list[RenderableType] = [head]
    if told:
        lines.append(Text(f"{mark} {one_line(told)}"))
    return Group(*lines, *inside)


def _unsupported(canvas: Canvas, element: Element) -> RenderableType:
    return box(canvas, f"Unsupported: {element.get('type')}", element.get("text", ""), _held(canvas, element))


def _broken(canvas: Canvas, element: Element) -> RenderableType:
    return box(
        canvas, f"{element.get('type')} can't be shown", element.get("text", ""), _held(canvas, element)
    )


def _held(canvas: Canvas, element: Element) -> list[RenderableType]:
    slots = element.get("slots", {})
    held = [id_ for ids in slots.values() for id_ in ids] if isinstance(slots, Mapping) else []
    return canvas.draw_all([*held, *element.get("children", ())])
