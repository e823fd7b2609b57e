"""What to write instead of a value of the wrong shape, in the words of the schema's titles."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

Repair = Callable[[object], str | None]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)")
_UNIT_WORDS = re.compile(
    r"s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?", re.IGNORECASE
)
_BETWEEN_PARTS = re.compile(r"\s|,|and|[+-]")
_ISO = re.compile(r"p(?:([0-9]+)d)?(?:t(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?)?")
_CLOCK = re.compile(r"([0-9]{1,3}):([0-9]{2})(?::([0-9]{2}))?")
_NAMED = {
    **dict.fromkeys(("minute", "minutely"), "1m"),
    **dict.fromkeys(("hour", "hourly"), "1h"),
    **dict.fromkeys(("day", "daily"), "1d"),
    **dict.fromkeys(("week", "weekly"), "7d"),
}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt])(?:i?b?|[a-z]*bytes?)", re.IGNORECASE)
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
_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_GERMAN = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_TIME = re.compile(r"([0-9]{1,2})(?::?([0-5][0-9]))?\s*(am|pm)?")
_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: +([0-9]{1,2}:[0-9]{2}))?")


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


def _duration(written: object) -> str | None:
    if isinstance(written, float) and not isinstance(written, bool):
        return f"write whole seconds, such as {max(1, round(written))}s"
    if not isinstance(written, str):
        return None
    text = re.sub(r"^(every|after|in) +", "", written.strip().lower())
    if re.search(r"[0-9]\s*(ms|milli|us|ns)", text):
        return "the shortest length is 1s"
    if re.search(r"month|year", text):
        return "months and years differ in length: write days, such as 30d"
    seconds = _seconds(text)
    meant = _length(seconds) if seconds else _NAMED.get(text)
    return None if meant is None or meant == written else f"did you mean {meant}?"


def _seconds(text: str) -> int | None:
    if found := _CLOCK.fullmatch(text):
        hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
        return hours * 3600 + minutes * 60 + seconds
    if (found := _ISO.fullmatch(text)) and any(found.groups()):
        return sum(
            int(part or 0) * unit for part, unit in zip(found.groups(), (86400, 3600, 60, 1), strict=True)
        )
    parts = _PART.findall(text)
    if not parts or _BETWEEN_PARTS.sub("", _PART.sub("", text)):
        return None
    if not all(_UNIT_WORDS.fullmatch(unit) and len(number) <= 9 for number, unit in parts):
        return None
    return round(sum(float(number) * _UNITS[unit[0]] for number, unit in parts))


def _length(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = zip((days, hours, minutes, rest), "dhms", strict=True)
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def _size(written: object) -> str | None:
    found = _SIZE.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is None:
        return None
    number, unit = float(found[1]), found[2].upper()
    if number == int(number):
        return f"did you mean {int(number)}{unit}?"
    smaller = {"T": "G", "G": "M", "M": "K", "K": ""}[unit]
    return f"did you mean {round(number * 1024)}{smaller}?"


def _percentage(written: object) -> str | None:
    if isinstance(written, bool) or not isinstance(written, int | str):
        return None
    found = re.fullmatch(r"([0-9]{1,2}|100)\s*(%|percent)?", str(written).strip())
    return f'did you mean "{found[1]}%"?' if found else None


def _number(written: object) -> str | None:
    if isinstance(written, str):
        bare = written.replace("_", "").replace(",", "").strip()
        return (
            f"write {bare} without quotes"
            if bare == written and bare.isdecimal()
            else (f"did you mean {bare}?" if bare.isdecimal() else None)
        )
    return None


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
    seconds = _seconds(text.lower().removeprefix("every").strip())
    if seconds:
        return f"write {{every: {_length(seconds)}}}"
    if text.lower() in _NAMED:
        return f'write {{cron: "@{text.lower()}"}}' if text.lower().endswith("ly") else None
    return f'write {{at: "{text}"}}' if _DAY.match(text) and len(text) < 30 else None


def _cron(written: object) -> str | None:
    if isinstance(written, list):
        return "one expression a trigger; several triggers are a list below `schedule:`"
    if isinstance(written, dict):
        return 'write the five fields as one text, such as "0 2 * * *"'
    return 'write five fields in quotes, such as "0 2 * * *"'


def _instant(written: object) -> str | None:
    if not isinstance(written, str):
        return None
    if _DAY.fullmatch(written):
        return f"add the time, such as {written}T00:00"
    if found := _AMERICAN.fullmatch(written):
        time = (found[4] or "00:00").rjust(5, "0")
        return f"did you mean {found[3]}-{int(found[1]):02}-{int(found[2]):02}T{time}?"
    if found := _CLOCK.fullmatch(written):
        return f'for every day write {{cron: "{int(found[2])} {int(found[1])} * * *"}}'
    return "write year, month, day and time"


def _day(written: object) -> str | None:
    found = _GERMAN.fullmatch(written) if isinstance(written, str) else None
    if found:
        return f"did you mean {found[3]}-{int(found[2]):02}-{int(found[1]):02}?"
    found = _AMERICAN.fullmatch(written) if isinstance(written, str) else None
    return f"did you mean {found[3]}-{int(found[1]):02}-{int(found[2]):02}?" if found else None


def _time(written: object) -> str | None:
    found = _TIME.fullmatch(written.strip().lower()) if isinstance(written, str) else None
    if found is None or int(found[1]) > 23:
        return 'write it in quotes, such as "02:00"' if isinstance(written, int) else None
    hour = int(found[1]) % 12 + (12 if found[3] == "pm" else 0) if found[3] else int(found[1])
    return f'did you mean "{hour:02}:{found[2] or "00"}"?'


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
    ("a duration", _duration),
    ("a size", _size),
    ("0 or a percentage", _percentage),
    ("a percentage", _percentage),
    ("a whole number", _number),
    ("a port", _number),
    ("an exit code", _number),
    ("a status code such as", _constant("leave `status` out for 200 to 299", str)),
    ("a status code", _number),
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
    ("an instant", _instant),
    ("a day such as", _day),
    ("a time of day", _time),
    ("a condition such as", _condition),
    ("a map from name to values", _constant("give the values a name: {db: [app, billing]}", list, str)),
    ("end", _constant("write `from: end`, or leave it out")),
    ("text", _text),
    ("one line of text", _line),
    ("a glob such as", _globs),
    ("a path", _text),
    ("a time zone", _text),
)
