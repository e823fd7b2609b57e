"""A job as YAML text that people like to read and to change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import indent
from typing import Any

from rota.importing.found import Entry, Found, JobFile
from rota.importing.ids import unique

_WIDTH = 100
_PLAIN = re.compile(r"(?:[A-Za-z/.]|--?(?=[A-Za-z]))(?:[A-Za-z0-9 _./@+,=()%~^-]|:(?=[^ ]))*(?<! )")
_PLAIN_COMMAND = re.compile(r"[A-Za-z/.](?:(?! #|:(?: |$))[\x20-\x7e])*(?<! )")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9_./@?&=%~+:-]*[A-Za-z0-9_/]")
_WORDS = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null|nan|inf|\.nan|\.inf)")
_NUMBER = re.compile(r"[-+]?\.?[0-9][0-9._eExX+-]*|[0-9][0-9:.TZ+ -]*")
_PRINTED = re.compile(
    r"[\t\n\x20-\x7e\xa0-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    r"\U00010000-\U0010ffff]*"
)
# Also what turns the direction of text: people review these files as they are shown.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]+"
)
_WORK = ("shell", "run", "exec", "steps", "http", "check", "python")
_ALWAYS_QUOTED = ("cron", "every", "at")


def job_files(found: Found, source: str) -> tuple[JobFile, ...]:
    """A file for every entry; `source` is said in each, such as `crontab`."""
    return files_of([(entry, source) for entry in found.entries])


def files_of(entries: Sequence[tuple[Entry, str]]) -> tuple[JobFile, ...]:
    """As `job_files`, for the entries of several sources: their ids differ from one another."""
    ids = unique(entry.name for entry, _ in entries)
    return tuple(
        JobFile(id=job, text=_text(entry, source), source=source, line=entry.line, notes=entry.notes)
        for job, (entry, source) in zip(ids, entries, strict=True)
    )


def one_file(files: Sequence[JobFile]) -> str:
    """All of them as the text of a single job file."""
    jobs = (f"  {file.id}:\n{indent(file.text, '    ')}" for file in files)
    return "jobs:\n" + "\n".join(jobs)


def _text(entry: Entry, source: str) -> str:
    first, *rest = [line for line in entry.text.splitlines() if line.strip()] or [""]
    lines = [_one_line(f"# from {source} line {entry.line}: {first}")]
    lines += [f"#   {_one_line(line)}" for line in rest]
    lines += [f"# note: {_one_line(note)}" for note in entry.notes]
    before = ""
    for key, value in entry.keys.items():
        if key == "schedule" or (key in _WORK and before not in _WORK):
            lines.append("")
        lines += _member(key, value, "")
        before = key
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()


def _member(key: str, value: Any, deep: str) -> Iterator[str]:
    name = f"{deep}{_scalar(key)}:"
    if isinstance(value, str) and _is_block(key, value):
        yield from _block(name, value, deep)
    elif _is_short(value, len(name)):
        yield f"{name} {_flow(value, key)}"
    elif isinstance(value, Mapping):
        yield name
        for inner, each in value.items():
            yield from _member(inner, each, deep + "  ")
    else:
        yield name
        for each in value:
            yield from _item(each, deep + "  ")


def _item(value: Any, deep: str) -> Iterator[str]:
    """One entry of a list."""
    if isinstance(value, Mapping) and not _is_short(value, len(deep) + 2):
        lines = [line for key, each in value.items() for line in _member(key, each, deep + "  ")]
        yield f"{deep}- {lines[0].lstrip()}"
        yield from lines[1:]
    else:
        yield f"{deep}- {_flow(value)}"


def _block(name: str, value: str, deep: str) -> Iterator[str]:
    """Literal text: what a shell reads stays as it was written."""
    yield f"{name} |" if value.endswith("\n") else f"{name} |-"
    for line in value.removesuffix("\n").split("\n"):
        yield f"{deep}  {line}" if line else ""


def _is_block(key: str, value: str) -> bool:
    """Whether literal text can hold it, and is better to read than one quoted line."""
    if not _PRINTED.fullmatch(value) or value.endswith("\n\n") or value[:1] in (" ", "\n", "\t", ""):
        return False
    return "\n" in value or (key == "run" and not _PLAIN_COMMAND.fullmatch(value))


def _is_short(value: Any, taken: int) -> bool:
    if isinstance(value, Mapping):
        return not value
    if isinstance(value, list | tuple):
        return not any(_is_long(each) for each in value) and taken + len(_flow(value)) < _WIDTH
    return True


def _is_long(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple) or (isinstance(value, str) and "\n" in value)


def _flow(value: Any, key: str = "") -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(name)}: {_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_quoted_in_flow(each) for each in value) + "]"
    if isinstance(value, str) and key in _ALWAYS_QUOTED and not _NUMBER.fullmatch(value[:-1]):
        return _json(value)
    if isinstance(value, str) and key == "run" and _PLAIN_COMMAND.fullmatch(value):
        return _json(value) if _WORDS.fullmatch(value) else value
    return _scalar(value)


def _quoted_in_flow(value: Any) -> str:
    text = _flow(value)
    return _json(value) if isinstance(value, str) and "," in text else text


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    is_plain = _PLAIN.fullmatch(value) or _ADDRESS.fullmatch(value) or _is_duration(value)
    if is_plain and not _WORDS.fullmatch(value) and not _NUMBER.fullmatch(value):
        return value
    return _json(value)


def _json(value: str) -> str:
    """A JSON string is a YAML one, but for the characters that YAML wants to be escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _CONTROL.sub(lambda found: "".join(f"\\u{ord(each):04x}" for each in found[0]), text)


def _is_duration(value: str) -> bool:
    return re.fullmatch(r"(?:[0-9]+[dhms])+|[0-9]+[KMGT%]", value) is not None
