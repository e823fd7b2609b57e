"""What libyaml finds wrong, in words that help the writer of the file."""

from __future__ import annotations

from yaml import MarkedYAMLError

Words = tuple[str, str | None]  # message, hint

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
}

_CHARACTERS: dict[str, Words] = {
    "\t": ("a tab where only spaces may stand", _SPACES),
    "@": ("`@` can't begin a value", _QUOTE),
    "`": ("a backtick can't begin a value", _QUOTE),
    "%": ("`%` can't begin a value", _QUOTE),
}


def describe(error: MarkedYAMLError, lines: list[str]) -> tuple[str, str | None, int, int]:
    """Message, hint, and the line and column (from 0) of an error that libyaml raised for those lines."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    problem = error.problem or "not YAML"
    message, hint = _WORDS.get(problem, (problem, None))
    if problem == "found character that cannot start any token":
        line, column, message, hint = _odd_character(lines, line, column)
    if problem == "found unexpected end of stream" and error.context_mark is not None:
        line, column = error.context_mark.line, error.context_mark.column
    if line >= len(lines):  # the file ended too early: its last line is where to look
        line, column = max(0, len(lines) - 1), len(lines[-1]) if lines else 0
    return f"not YAML: {message}", hint, line, column


def _odd_character(lines: list[str], line: int, column: int) -> tuple[int, int, str, str | None]:
    text = lines[line] if line < len(lines) else ""
    found = text[column : column + 1]
    message, hint = _CHARACTERS.get(found, (f"{found!r} can't stand here", _QUOTE))
    return line, column, message, hint
