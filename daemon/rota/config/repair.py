"""What to write instead of a value of the wrong shape, in the words of the schema's titles."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from rota.config import amounts

Repair = Callable[[object], str | None]

_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_QUOTES = "\"'“”‘’„«»"
_NOT_OF_ID = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_SPACE = re.compile(r"([A-Za-z_][\w-]*):(\S.*)")
_PAIR = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.*)")
_EXAMPLE_KEY = re.compile(r"\{(\w+):")
_SIMPLE = re.compile(r"[0-9]+[a-z%]?|[A-Za-z0-9._/-]+")
_PLAIN = re.compile(r"[0-9]+[a-z%]?")
_CRON = re.compile(r"@\w+|[-0-9*/,HL#a-zA-Z()?]+(?:[ \t]+[-0-9*/,HL#a-zA-Z()?]+){3,6}")


def repair(written: object, expected: str) -> str | None:
    """A hint for that value; `expected` is what the schema's title calls what belongs there."""
    if written is None:
        return "give it a value, or remove the key"
    for beginning, mend in _MENDING:
        if expected.startswith(beginning):
            return mend(written) or _general(written, expected)
    return _general(written, expected)


def spaced(text: str) -> str | None:
    """A hint for text that was to be a key and its value, or a list item, and lacks the space."""
    if found := _NO_SPACE.match(text):
        return f"a space is missing after the colon: write `{found[1]}: {_short(found[2])}`"
    if found := _PAIR.fullmatch(text):
        return f"write `{found[1]}: {_short(found[2])}`"
    if re.match(r"-\w", text):
        return f"a list item begins with a dash and a space: write `- {_short(text[1:].split(' ')[0])}`"
    return None


def _general(written: object, expected: str) -> str | None:
    if isinstance(written, str):
        if expected.startswith(("a block", "a map", "a list", "the keys")) and (hint := spaced(written)):
            return hint
        if (
            " #" not in written
            and "#" in written
            and expected.startswith(("true", "a duration", "a size", "a whole"))
        ):
            return "a comment needs a space before its #"
    if (
        expected.startswith("a block such as")
        and isinstance(written, str | int)
        and not isinstance(written, bool)
    ):
        key = _EXAMPLE_KEY.search(expected)
        return f"write {{{key[1]}: {written}}}" if key and _PLAIN.fullmatch(str(written)) else None
    if expected.startswith("a list") and isinstance(written, str | int) and not isinstance(written, bool):
        return _listed(str(written))
    return None


def _listed(text: str) -> str | None:
    items = [item.strip() for item in re.split(r"[,\s]+", text) if item.strip()]
    if not items or not all(_SIMPLE.fullmatch(item) for item in items):
        return None
    return f"write a list: [{_short(', '.join(items))}]"


def _boolean(written: object) -> str | None:
    if isinstance(written, int):
        return f"write {'true' if written else 'false'}" if written in (0, 1) else None
    if not isinstance(written, str):
        return None
    plain = written.strip(_QUOTES).lower()
    if plain in _BOOLEANS:
        return (
            f"did you mean {_BOOLEANS[plain]}? Only true and false are booleans: words like {plain} are text"
        )
    return f"write {plain} without quotes" if plain in ("true", "false") else None


def _text(written: object) -> str | None:
    if isinstance(written, bool | int | float):
        return f'put it in quotes: "{str(written).lower()}"'
    return None


def _script(written: object) -> str | None:
    if isinstance(written, list):
        return "write one text: `run: |`, and below it a command a line"
    if isinstance(written, str):
        return "write the commands, such as `run: ./backup.sh`"
    return _text(written)


def _argv(written: object) -> str | None:
    if not isinstance(written, str):
        return None
    try:
        words = shlex.split(written)
    except ValueError:
        return "or use `run:` for shell text"
    shown = ", ".join(word if re.fullmatch(r"[\w./+-]+", word) else f'"{word}"' for word in words)
    return f"write [{_short(shown)}], or use `run:` for shell text" if words else None


def _environment(written: object) -> str | None:
    lines = written if isinstance(written, list) else [written]
    pairs = [_PAIR.fullmatch(line) if isinstance(line, str) else None for line in lines]
    shown = ", ".join(f"{pair[1]}: {pair[2] or repr('')}" for pair in pairs if pair)
    return f"write a map: {{{_short(shown)}}}" if shown and all(pairs) else None


def _variable(written: object) -> str | None:
    if not isinstance(written, str):
        return None
    if written.startswith(("ROTA_", "PARAM_", "STEPS_", "MATRIX_")):
        return "rota itself sets variables of this beginning: choose another name"
    name = re.sub(r"\W", "_", written, flags=re.ASCII)
    return f"did you mean {name if not name[:1].isdigit() else '_' + name}?" if name else None


def _trigger(written: object) -> str | None:
    if isinstance(written, int) and not isinstance(written, bool):
        return f"write {{every: {written}s}}" if written > 0 else None
    if not isinstance(written, str):
        return None
    text = written.strip()
    if text == "@reboot":
        return "write {boot: 0s}"
    if _CRON.fullmatch(text):
        return f'write {{cron: "{_short(text)}"}}'
    seconds = amounts.in_seconds(text.lower().removeprefix("every").strip())
    if seconds:
        return f"write {{every: {amounts.length(seconds)}}}"
    if text.lower() in amounts.NAMED:
        return f'write {{cron: "@{text.lower()}"}}' if text.lower().endswith("ly") else None
    return f'write {{at: "{text}"}}' if amounts.DAY.match(text) and len(text) < 30 else None


def _cron(written: object) -> str | None:
    if isinstance(written, list):
        return "one expression a trigger; several triggers are a list below `schedule:`"
    if isinstance(written, dict):
        return 'write the five fields as one text, such as "0 2 * * *"'
    return 'write five fields in quotes, such as "0 2 * * *"'


def _line(written: object) -> str | None:
    if isinstance(written, str) and "\n" in written.strip("\n"):
        return "write one line here; `description` takes longer text"
    return _text(written)


def _globs(written: object) -> str | None:
    return _listed(written) if isinstance(written, str) and re.search(r"[\s,]", written.strip()) else None


def _condition(written: object) -> str | None:
    return f"write {{run: {_short(written)}}}" if isinstance(written, str) and written.strip() else None


def _address(written: object) -> str | None:
    if isinstance(written, str) and "://" not in written and "." in written and " " not in written:
        return f'did you mean "https://{_short(written.lstrip("/"))}"?'
    return None


def _keys_of_job(written: object) -> str | None:
    if isinstance(written, list):
        return "several jobs in one file stand below `jobs:`, each with its id as key"
    if not isinstance(written, str):
        return "write keys, such as `run: echo hello`"
    if hint := spaced(written):
        return hint
    if re.match(r"(?:[-0-9*/,]+ +){5}\S", written):
        return "a crontab? `rota import crontab` makes job files of it"
    return "write keys, such as `run: echo hello`; a script stands below `run: |`"


def _job_id(written: object) -> str | None:
    if not isinstance(written, str | int):
        return None
    name = _NOT_OF_ID.sub("-", _CAMEL.sub("-", str(written)).lower()).strip("-")[:63]
    return f"did you mean {name}?" if name else None


def _name(written: object) -> str | None:
    if not isinstance(written, str):
        return None
    name = _NOT_OF_ID.sub("_", _CAMEL.sub("_", str(written)).lower()).strip("_0123456789")[:63]
    return f"did you mean {name}?" if name else None


def _tag(written: object) -> str | None:
    if not isinstance(written, str):
        return _text(written)
    name = re.sub(r"[^A-Za-z0-9._/:-]+", "-", written).strip("-")[:63]
    return f"did you mean {name}?" if name else None


def _codes(written: object) -> str | None:
    if isinstance(written, int) and not isinstance(written, bool):
        return f"write a list: [{written}]"
    found = re.fullmatch(r"([0-9]{1,3})\s*-\s*([0-9]{1,3})", str(written))
    if found and int(found[1]) < int(found[2]) <= int(found[1]) + 8:
        return f"write each of them: {list(range(int(found[1]), int(found[2]) + 1))}"
    return None


def _upstreams(written: object) -> str | None:
    if not isinstance(written, list):
        return _job_id(written)
    jobs = ", ".join(map(str, written)) if len(written) <= 3 else "…"
    return f"write {{all: [{jobs}]}} or {{any: [{jobs}]}}"


def _constant(hint: str, *kinds: type) -> Repair:
    return lambda written: hint if isinstance(written, kinds or (object,)) else None


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


_MENDING: tuple[tuple[str, Repair], ...] = (
    ("true or false", _boolean),
    ("a duration", amounts.duration),
    ("a size", amounts.size),
    ("0 or a percentage", amounts.percentage),
    ("a percentage", amounts.percentage),
    ("a whole number", amounts.number),
    ("a port", amounts.number),
    ("an exit code", amounts.number),
    ("a status code such as", _constant("leave `status` out for 200 to 299", str)),
    ("a status code", amounts.number),
    ("a job id, {all:", _upstreams),
    ("a job id", _job_id),
    ("a name", _name),
    ("a tag ", _tag),
    ("a variable name", _variable),
    ("a map of environment", _environment),
    ("a map from job id", _constant("write each id as a key: `jobs: {backup: {run: …}}`", list)),
    ("a map from parameter", _constant("write each name as a key: {database: {type: string}}", list, str)),
    ("a JSON Schema such as", _constant("write {type: string, default: …}", str, int)),
    ("a map from header", _constant('write each header as a key: {Accept: "text/plain"}', list, str)),
    ("the keys of a job", _keys_of_job),
    ("shell text", _script),
    ("a list of a program", _argv),
    ("a list of steps", _constant("begin each step with `- id: …`", dict)),
    ("a step such as", _constant("give it an id: {id: dump, run: ./dump.sh}", str)),
    ("a list of exit codes", _codes),
    ("a link such as", _constant('write {label: …, href: "https://…"}', str)),
    ("an address", _address),
    ("a request such as", _constant('write {url: "https://…"}', str)),
    ("a trigger such as", _trigger),
    ("a cron expression", _cron),
    ("an instant", amounts.instant),
    ("a day such as", amounts.day),
    ("a time of day", amounts.time),
    ("a condition such as", _condition),
    ("where the secret is", _constant("no value stands in a job file: name the place, such as {file: …}")),
    ("a map from name to values", _constant("give the values a name: {db: [app, billing]}", list, str)),
    ("end", _constant("write `from: end`, or leave it out")),
    ("text", _text),
    ("one line of text", _line),
    ("a glob such as", _globs),
    ("a path", _text),
    ("a time zone", _text),
)
