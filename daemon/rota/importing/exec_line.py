"""Command lines of systemd services: their quoting, prefixes, specifiers and variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rota.importing.cronfields import NotConverted
from rota.importing.shelltext import escaped

_SHELLS = {"sh", "bash", "dash", "zsh"}
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"',
    "'": "'", "s": " ",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-7]{3})|(.))", re.DOTALL)
_PIECE = re.compile(
    r""""((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)'|((?:[^\s"'\\]|\\.)++)""", re.DOTALL
)  # possessive: a quote that does not end is found at once
_WORD = re.compile(rf"\s*((?:{_PIECE.pattern})++)(?=\s|$)", re.DOTALL)
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)\}")
_WORD_VARIABLE = re.compile(r"\$[A-Za-z_]\w*")
_SPECIFIER = re.compile(r"%(.)", re.DOTALL)
_FOLDERS = {
    "t": "/run",
    "S": "/var/lib",
    "C": "/var/cache",
    "L": "/var/log",
    "E": "/etc",
    "T": "/tmp",
    "V": "/var/tmp",
}
_PREFIXES = {
    "+": "it ran with full privileges (+)",
    "!": "it kept privileges that the unit gave up (!)",
    "|": "it ran in the user's login shell (|)",
}


@dataclass(slots=True, kw_only=True)
class CommandLine:
    """One command: the words of its argv as systemd splits them."""

    words: list[str]
    ignores_failure: bool = False
    has_variables: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The program without its path."""
        return self.words[0].rpartition("/")[2]

    def work(self) -> Mapping[str, Any]:
        """As the keys of a job or step. A shell is only used where something has to be replaced."""
        script = self._script()
        if script is None and not self.ignores_failure and not self._uses_variables():
            return {
                "exec": [
                    escaped(_plain(word)) if self.has_variables else escaped(word) for word in self.words
                ]
            }
        if script is not None and not self.ignores_failure:
            return {"shell": [self.words[0], "-c"], "run": _in_script(script)}
        text = " ".join(self._shell_word(word) for word in self.words)
        return {"run": f"{text} || true" if self.ignores_failure else text}

    def _script(self) -> str | None:
        """The text of `sh -c TEXT`."""
        is_shell = self.name in _SHELLS and len(self.words) == 3 and self.words[1] == "-c"
        return self.words[2] if is_shell and self.has_variables else None

    def _uses_variables(self) -> bool:
        return self.has_variables and any(
            _WORD_VARIABLE.fullmatch(word) or re.search(r"\$\{\w+\}", word) for word in self.words
        )

    def _shell_word(self, word: str) -> str:
        if not self.has_variables:
            return shlex.quote(word)
        if _WORD_VARIABLE.fullmatch(word):
            return word  # split into words, by systemd as by a shell
        if not re.search(r"\$\{\w+\}", word):
            return shlex.quote(_plain(word))
        pieces = re.split(r"(\$\$|\$\{\w+\})", word)
        return '"' + "".join(_in_quotes(piece) for piece in pieces) + '"'


def parse(text: str, unit: str) -> CommandLine:
    """A command line of that unit. Raises NotConverted."""
    line = CommandLine(words=[])
    rest = text.strip()
    replaces_name = False
    while rest[:1] in ("-", "@", ":", "+", "!", "|"):
        prefix, rest = rest[0], rest[1:].lstrip()
        line.ignores_failure |= prefix == "-"
        line.has_variables &= prefix != ":"
        replaces_name |= prefix == "@"
        if prefix in _PREFIXES and not any(_PREFIXES[prefix] in note for note in line.notes):
            line.notes.append(f"{_PREFIXES[prefix]}; here it runs as the user of the runner")
    line.words = [_specified(word, unit) for word in split(rest)]
    if replaces_name and len(line.words) > 1:
        line.notes.append(f"it was shown as {line.words.pop(1)} (@)")
    if not line.words:
        raise NotConverted("a command without a program")
    if ";" in line.words:
        raise NotConverted("several commands in one line; write them as `steps:`")
    return line


def split(text: str) -> list[str]:
    """Words as systemd splits them: quotes are taken away wherever they stand; escapes as in C."""
    words: list[str] = []
    position = 0
    while text[position:].strip():
        found = _WORD.match(text, position)
        if found is None:
            raise NotConverted("a quote that does not end")
        words.append("".join(_unescaped(a or b or c) for a, b, c in _PIECE.findall(found[1])))
        position = found.end()
    return words


def assignments(text: str, unit: str) -> dict[str, str]:
    """Those of a line of `Environment=`. Raises NotConverted."""
    found = {}
    for word in split(text):
        name, equals, value = word.partition("=")
        if not equals:
            raise NotConverted(f"{word!r} is no assignment")
        found[name] = escaped(_specified(value, unit))
    return found


def _unescaped(text: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        if code:
            return chr(int(code, 16))
        if found[3]:
            return chr(int(found[3], 8))
        return _ESCAPES.get(found[4], found[0])

    return _ESCAPE.sub(replaced, text)


def _specified(word: str, unit: str) -> str:
    """Specifiers such as %n replaced; those that only the running system knows are refused."""
    name = unit.rpartition(".")[0]
    prefix, _, instance = name.partition("@")
    known = {
        "%": "%",
        "n": unit,
        "N": name,
        "p": prefix,
        "P": prefix,
        "i": instance,
        "I": instance.replace("-", "/"),
        "j": prefix.rpartition("-")[2],
        **_FOLDERS,
    }

    def replaced(found: re.Match[str]) -> str:
        if found[1] in "iI" and name.endswith("@"):
            raise NotConverted(
                f"%{found[1]} is an instance of {unit}, and no text says which: write its name"
            )
        if found[1] not in known:
            raise NotConverted(f"the specifier %{found[1]} is known to systemd only; write its value")
        return known[found[1]]

    return _SPECIFIER.sub(replaced, word)


def _plain(word: str) -> str:
    return word.replace("$$", "$")


def _in_script(script: str) -> str:
    """In the text of a shell `$$` was one dollar; variables are the shell's own now."""
    return _plain(script)


def _in_quotes(piece: str) -> str:
    """A part of a word between double quotes of a shell."""
    if piece == "$$":
        return "\\$"
    if _VARIABLE.fullmatch(piece):
        return piece
    return re.sub(r'(["\\`$])', r"\\\1", piece)


def steps(commands: Sequence[tuple[str, CommandLine]]) -> list[dict[str, Any]]:
    """One step a command, with an id made of the prefix and, when there are several, its number."""
    names = [name for name, _ in commands]
    counts: dict[str, int] = {}
    found = []
    for name, command in commands:
        counts[name] = counts.get(name, 0) + 1
        number = counts[name] if names.count(name) > 1 else ""
        work = dict(command.work())
        shell = work.pop("shell", None)
        if shell is not None:  # steps share the shell of the job: this one brings its own
            work = {"exec": [escaped(word) for word in (*shell, work["run"])]}
        found.append({"id": f"{name}{number}", **work})
    return found
