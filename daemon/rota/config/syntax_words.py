"""What libyaml finds wrong, in words that help the writer of the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml import MarkedYAMLError

from rota.config.repair import spaced

Words = tuple[str, str | None]  # message, hint
Told = tuple[str, str | None, int, int]  # message, hint, line, column (from 0)

_QUOTE = "put the whole text in quotes"
_SPACES = "indent with spaces"
_ALIGN = "check the indentation of this line and the one before"

_WORDS: dict[str, Words] = {
    "mapping values are not allowed in this context": (
        "a `: ` where no value can follow",
        "put the text in quotes, or check the indentation",
    ),
    "found unexpected end of stream": ("a quote that is never closed", "close the quote"),
    "could not find expected ':'": ("a key without `:`", "write `key: value`"),
    "did not find expected key": ("expected a key here", _ALIGN),
    "did not find expected '-' indicator": ("expected a list item that begins with `- ` here", _ALIGN),
    "did not find expected ',' or ']'": ("expected `,` or `]` in this list", "close the list"),
    "did not find expected ',' or '}'": ("expected `,` or `}` in this map", "close the map"),
    "did not find expected node content": (
        "expected a value here",
        "is a `]` or `}` missing, or one too many?",
    ),
    "found unknown escape character": (
        "an unknown escape after `\\` in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    "did not find expected comment or line break": (
        "expected the end of the line",
        "begin the text on the next line, or put it in quotes",
    ),
    "found undefined tag handle": ("a tag (`!…`)", "job files know no tags: put the text in quotes"),
    "found incompatible YAML document": ("a YAML version that is not 1.1 or 1.2", "leave out the %YAML line"),
    "found unknown directive name": ("an unknown `%` directive", _QUOTE),
    "did not find expected <document start>": ("more text after the end of the document", "remove it"),
    "block sequence entries are not allowed in this context": (
        "a list item where no list can begin",
        "begin the list on a line of its own",
    ),
    "found a tab character that violates indentation": ("a tab in the indentation", _SPACES),
    "found a tab character where an indentation space is expected": ("a tab in the indentation", _SPACES),
}

_CHARACTERS: dict[str, Words] = {
    "\t": ("a tab where only spaces may stand", _SPACES),
    "@": ("`@` can't begin a value", _QUOTE),
    "`": ("a backtick can't begin a value", _QUOTE),
    "%": ("`%` can't begin a value", _QUOTE),
}
_ODD_SPACES = re.compile("[\u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]")
_KEY_AND_TEXT = re.compile(r"\s*(?:- +)?([\w.-]+): +(.+)")
_TEXT_BEGINS = re.compile(r":\s*[|>][-+0-9]*\s*(#.*)?$")
_SHOWN = 60
_LISTS_AND_MAPS = {"a flow sequence": "]", "a flow mapping": "}"}


def describe(error: MarkedYAMLError, lines: list[str]) -> Told:
    """Message, hint, and the line and column (from 0) of an error that libyaml raised for those lines."""
    clue = _Clue(error, lines)
    message, hint, line, column = clue.told() or clue.plainly()
    if line >= len(lines):  # the file ended too early: its last line is where to look
        line, column = max(0, len(lines) - 1), len(lines[-1]) if lines else 0
    return f"not YAML: {message}", hint, line, column


def short(text: str) -> str:
    """For use in a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


@dataclass(frozen=True, slots=True)
class _Mark:
    line: int
    column: int


class _Clue:
    """libyaml says where it gave up; the lines around it say what was meant."""

    def __init__(self, error: MarkedYAMLError, lines: list[str]) -> None:
        mark = error.problem_mark or error.context_mark
        self._line, self._column = (mark.line, mark.column) if mark is not None else (0, 0)
        self._lines = lines
        self._problem = error.problem or "not YAML"
        self._context = error.context or ""
        began = error.context_mark
        self._began = None if began is None else _Mark(began.line, began.column)
        self._text = lines[self._line] if self._line < len(lines) else ""

    def plainly(self) -> Told:
        """What holds when nothing more is known."""
        message, hint = _WORDS.get(self._problem, (self._problem, None))
        if self._problem == "found character that cannot start any token":
            found = self._text[self._column : self._column + 1]
            message, hint = _CHARACTERS.get(found, (f"{found!r} can't stand here", _QUOTE))
            value = re.split(r" #|[,}\]]", self._text[self._column :])[0].strip()
            hint = f"write {short(_quoted(value))} in quotes" if hint == _QUOTE and value else hint
        if self._problem == "found unexpected end of stream" and self._began is not None:
            return message, hint, self._began.line, self._began.column
        return message, hint, self._line, self._column

    def told(self) -> Told | None:
        """The first clue that fits, if any does."""
        for clue in (
            self._odd_space,
            self._anchor_or_alias,
            self._open_bracket,
            self._text_below,
            self._missing_space,
            self._colon_in_text,
            self._after_value,
            self._indentation,
        ):
            found = clue()
            if found is not None:
                return found
        return None

    def _here(self, message: str, hint: str | None) -> Told:
        return message, hint, self._line, self._column

    def _odd_space(self) -> Told | None:
        for line in (self._line, self._line - 1):
            if 0 <= line < len(self._lines) and (found := _ODD_SPACES.search(self._lines[line])):
                message = f"a special space (U+{ord(found[0]):04X}) where YAML needs an ordinary one"
                return message, "type the space again", line, found.start()
        return None

    def _anchor_or_alias(self) -> Told | None:
        if not self._context.startswith(("while scanning an alias", "while scanning an anchor")):
            return None
        mark = self._began or _Mark(self._line, self._column)
        text = self._lines[mark.line] if mark.line < len(self._lines) else ""
        value = re.split(r" #|[,}\]]", text[mark.column :])[0].strip()
        before = text[: mark.column].rstrip()
        if before.endswith(('"', "'")):
            return (
                "more text after the closing quote",
                "put the whole text in one pair of quotes, or below `run: |`",
                *(mark.line, mark.column),
            )
        sign, what = (
            text[mark.column : mark.column + 1],
            "an alias" if "alias" in self._context else "an anchor",
        )
        return f"`{sign}` begins {what} in YAML", f'write "{short(value)}" in quotes', mark.line, mark.column

    def _open_bracket(self) -> Told | None:
        closing = next((end for name, end in _LISTS_AND_MAPS.items() if name in self._context), None)
        if (
            closing is None
            or self._began is None
            or not self._problem.startswith("did not find expected ',' or")
        ):
            return None
        what = "list" if closing == "]" else "map"
        found = self._text[self._column : self._column + 1]
        if self._line == self._began.line and found:
            hint = "a comment begins with #" if self._text[self._column :].startswith(("//", "/*")) else None
            hint = hint or (
                f"close the {what} with `{closing}`" if found in "]}" else "put the text in quotes"
            )
            return self._here(f"expected `,` or `{closing}` in this {what}, found `{found}`", hint)
        return (
            f"a {what} that is never closed",
            f"close it with `{closing}`",
            self._began.line,
            self._began.column,
        )

    def _text_below(self) -> Told | None:
        before = self._above(self._line)
        if before is None or not _TEXT_BEGINS.search(self._lines[before]):
            before = self._above(before) if before is not None else None
            if (
                before is None
                or before + 1 >= len(self._lines)
                or not _TEXT_BEGINS.search(self._lines[before])
            ):
                return None
        if _indent(self._lines[before + 1]) > _indent(self._lines[before]):
            return None
        begun = short(self._lines[before].strip())
        message = f"the text below `{begun}` must be indented"
        return message, "begin each of its lines with two spaces more", before + 1, 0

    def _missing_space(self) -> Told | None:
        for line in (self._line, self._line - 1):
            if self._problem != "could not find expected ':'" or not 0 <= line < len(self._lines):
                continue
            text = self._lines[line].strip()
            if hint := spaced(text.removeprefix("- ")):
                return "a key without `: `", hint, line, _indent(self._lines[line])
        return None

    def _colon_in_text(self) -> Told | None:
        if self._problem != "mapping values are not allowed in this context":
            return None
        above = self._above(self._line)
        found = _KEY_AND_TEXT.match(self._text)
        if found is None or self._column < found.start(2):
            return self._too_deep(above)
        quoted = _quoted(found[2].strip())
        hint = f"put the text in quotes: {found[1]}: {short(quoted)}"
        return self._here("a `: ` inside text that is not in quotes", hint)

    def _too_deep(self, above: int | None) -> Told | None:
        own = _indent(self._text)
        if above is None or _indent(self._lines[above]) >= own:
            return None
        hint = f"begin it in the same column as `{short(self._lines[above].strip())}`"
        message = "this line is indented deeper than the one above, which has its value already"
        return message, hint, self._line, own

    def _after_value(self) -> Told | None:
        """The line begins where a line may begin; it is its end that can't be understood."""
        known = ("did not find expected key", "did not find expected '-' indicator")
        if self._problem not in known or self._column <= _indent(self._text):
            return None
        rest = self._text[self._column :].strip()
        if rest[:1] in ("]", "}"):
            return self._here(f"one `{rest[0]}` too many", "remove it")
        if self._text[: self._column].endswith("'"):
            return self._here(
                f"more text after the closing quote: {short(rest)}",
                "in single quotes write '' for an apostrophe, or use double quotes",
            )
        hint = "put the whole text in one pair of quotes"
        return self._here(f"more text after the end of the value: {short(rest)}", hint)

    def _indentation(self) -> Told | None:
        known = ("did not find expected key", "did not find expected '-' indicator")
        if self._problem not in known or self._column != _indent(self._text):
            return None
        used = sorted({_indent(line) for line in self._lines[: self._line] if _counts(line)})
        mine = self._column
        if mine in used:
            return None
        fitting = [str(each) for each in used]
        message = f"an indentation of {_spaces(mine)} fits no line above"
        return self._here(message, f"indent this line by {' or '.join(fitting)}" if fitting else _ALIGN)

    def _above(self, line: int) -> int | None:
        """The nearest line above that says something."""
        return next(
            (each for each in range(min(line, len(self._lines)) - 1, -1, -1) if _counts(self._lines[each])),
            None,
        )


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _spaces(number: int) -> str:
    return "1 space" if number == 1 else f"{number} spaces" if number else "no spaces"
