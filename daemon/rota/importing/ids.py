"""Ids for jobs that never had one: short, readable, each only once."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

LONGEST = 63  # characters of a job id
_WRAPPERS = {
    "nice", "ionice", "chronic", "timeout", "flock", "nohup", "time", "env", "sudo", "setsid", "exec",
    "command", "stdbuf", "cronic", "sh", "bash", "dash", "zsh", "ksh", "python", "python2", "python3", "perl",
    "ruby", "php", "node", "java", "runuser", "su", "systemd-cat", "systemd-run", "chrt", "taskset",
}  # fmt: skip
_WITH_VALUE = {"timeout", "flock", "chrt", "taskset"}  # a word of theirs comes before the command
_SUBCOMMANDS = {
    "apt", "apt-get", "aws", "borg", "certbot", "curl", "dnf", "docker", "docker-compose", "git", "kubectl",
    "make", "npm", "podman", "rake", "rclone", "restic", "run-parts", "snap", "systemctl", "yum", "zfs",
}  # fmt: skip
_PREPARATION = {
    "cd", "test", "[", "[[", "export", "source", ".", "sleep", "set", "umask", "command", "true", ":", "if",
    "elif", "while", "until", "for", "case", "fi", "done", "exit",
}  # fmt: skip
_OPENERS = {"{", "(", "!", "then", "else", "do"}
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


def unique(names: Iterable[str]) -> list[str]:
    """An id for each name: the first of several alike has it as it is, the next ones end in -2, -3."""
    used: set[str] = set()
    numbers: dict[str, int] = {}  # how far each was counted
    ids = []
    for name in names:
        plain = wanted = as_id(name)
        number = numbers.get(plain, 1)
        while wanted in used:
            number += 1
            ending = f"-{number}"
            wanted = plain[: LONGEST - len(ending)] + ending
        used.add(wanted)
        numbers[plain] = number
        ids.append(wanted)
    return ids


def as_id(name: str) -> str:
    """The name in lower-case letters, digits and dashes; `job` when nothing of it is left."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return plain[:LONGEST].strip("-") or "job"


def name_of(command: str) -> str:
    """What people would call a shell command: the program behind `cd`, `nice`, `flock` and interpreters."""
    for part in re.split(r"&&|\|\||[;|\n]", command):
        words = _without_openers(_words(part))
        if words and words[0] not in _PREPARATION and (name := _program(words)):
            return name
    return next(iter(_words(command)), "job")


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=False)
    except ValueError:  # a quote that a cut took apart
        return text.replace('"', " ").replace("'", " ").split()


def _without_openers(words: list[str]) -> list[str]:
    """From the first word on that may be a command."""
    while words and words[0] in _OPENERS:
        words = words[1:]
    return [words[0].strip("(){}"), *words[1:]] if words else []


def _program(words: list[str]) -> str:
    skip = 0  # words that belong to what was unwrapped
    for index, word in enumerate(words):
        name = word.strip("({").rpartition("/")[2]
        if _ASSIGNMENT.match(word) or word.startswith(("-", ">", "<", "2>")) or not name:
            continue
        if skip:
            skip -= 1
        elif name in _WRAPPERS:
            skip = 1 if name in _WITH_VALUE or _takes_value(words, index) else 0
        else:
            return _with_subcommand(name, words[index + 1 :])
    return ""


def _takes_value(words: list[str], index: int) -> bool:
    """`nice -n 10`, `sudo -u app`: an option of one letter with its value in the next word."""
    following = words[index + 1 : index + 2]
    return words[index].rpartition("/")[2] in {"nice", "ionice", "sudo", "runuser"} and following in (
        ["-n"], ["-u"], ["-c"], ["-g"],
    )  # fmt: skip


def _with_subcommand(name: str, rest: list[str]) -> str:
    following = next((word for word in rest if not word.startswith("-")), "")
    if name in _SUBCOMMANDS and following:
        return f"{name}-{following.rstrip('/').rpartition('/')[2]}"
    return name
