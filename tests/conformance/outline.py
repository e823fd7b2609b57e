"""What a page says, whatever it looks like: its words, and its roles with their names in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"input", "br", "meta", "link", "hr", "img"})
_ROLES = {
    "main": "main",
    "section": "region",
    "aside": "complementary",
    "article": "article",
    "details": "group",
    "button": "button",
    "form": "form",
    "select": "combobox",
    "textarea": "textbox",
    "ol": "list",
    "ul": "list",
    "dl": "list",
    **{f"h{n}": f"heading {n}" for n in range(1, 5)},
}
_NAMED = ("heading", "button", "link", "row header")


@dataclass(slots=True)
class Part:
    """One node of the page."""

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    inside: list[Part | str] = field(default_factory=list)

    @property
    def is_hidden(self) -> bool:
        hidden_field = self.tag == "input" and self.attributes.get("type") == "hidden"
        return hidden_field or self.attributes.get("aria-hidden") == "true" or self.tag == "title"

    @property
    def words(self) -> list[str]:
        """Visible texts and accessible names, in order; tooltips and colours don't count."""
        if self.is_hidden:
            return []
        own = [self.attributes[name] or "" for name in ("aria-label", "value") if name in self.attributes]
        own += [self.drawn_name] if self.drawn_name else []
        below = [w for part in self.inside for w in ([part] if isinstance(part, str) else part.words)]
        return [*own, *below]

    @property
    def drawn_name(self) -> str:
        """The name of a part of a drawing: its own title."""
        titles = [part for part in self.inside if isinstance(part, Part) and part.tag == "title"]
        return "".join(each for part in titles for each in part.inside if isinstance(each, str)).strip()

    @property
    def role(self) -> str:
        if self.tag == "a":
            return "link"
        if self.attributes.get("role") == "rowheader":
            return "row header"
        return self.attributes.get("role") or _ROLES.get(self.tag, "")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Part("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        part = Part(tag, dict(attrs))
        self.open[-1].inside.append(part)
        if tag not in _VOID:
            self.open.append(part)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open[-1].tag == tag, f"<{self.open[-1].tag}> is closed by </{tag}>"
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def parsed(html: str) -> Part:
    """The page as parts. Fails when tags don't nest."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].tag}> is never closed"
    return reader.open[0]


def words(html: str) -> str:
    """All words on one line, blanks between parts."""
    return " ".join(" ".join(parsed(html).words).split())


def outline(html: str) -> list[str]:
    """Roles with names and values, in order: `heading 1 Overview`, `state failed`, `button Retry`."""
    return list(_lines(parsed(html)))


def _lines(part: Part) -> list[str]:
    if part.is_hidden:
        return []
    lines = []
    state = part.attributes.get("data-state")
    if part.role:
        lines.append(" ".join(filter(None, (part.role, _name(part), _value(part)))))
    if state and part.attributes.get("class") == "state":
        lines.append(f"state {state}")
    return lines + [line for below in part.inside if isinstance(below, Part) for line in _lines(below)]


def _name(part: Part) -> str:
    if part.attributes.get("aria-label"):
        return part.attributes["aria-label"] or ""
    if part.drawn_name:
        return part.drawn_name
    return " ".join(" ".join(part.words).split()) if part.role.startswith(_NAMED) else ""


def _value(part: Part) -> str:
    known = ("href", "aria-valuenow", "aria-current")
    values = [part.attributes[name] or "" for name in known if name in part.attributes]
    return " ".join([*values, *(["disabled"] if "disabled" in part.attributes else [])])
