"""Secrets of an attempt: read when it starts, and known to nobody but the runner and the job."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from rota.runner.mask import SHORTEST, Mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rota.runner.system import System

LONGEST = 16 * 1024  # bytes
CREDENTIALS = "CREDENTIALS_DIRECTORY"

Places = dict[str, dict[str, str]]  # variable -> {"credential": name}, {"file": path} or {"env": name}


class NoSecret(Exception):
    """A secret that can't be had; the text names it and says why, never what it holds."""


class Found:
    """A value, and a stamp that differs once its file was changed; empty when nothing could tell that."""

    __slots__ = ("stamp", "value")

    def __init__(self, value: bytes, stamp: str = "") -> None:
        self.value = value
        self.stamp = stamp


def read_secrets(system: System, places: Mapping[str, Mapping[str, str]]) -> dict[str, Found]:
    """The values as they are now, by variable. Raises NoSecret."""
    return {name: _checked(name, _read(system, name, place)) for name, place in places.items()}


def mask_again(
    system: System, places: Mapping[str, Mapping[str, str]], stamps: Mapping[str, object], environ: bytes
) -> Mask | None:
    """For an attempt that an earlier runner started; None when some secret of it can't be known any more.

    `environ` is that of its first process, empty when that is gone; `stamps` are those of when it started.
    What is in a file now counts only when it is surely what the process was given.
    """
    given = dict(entry.partition(b"=")[::2] for entry in environ.split(b"\0"))
    values = set()
    for name, place in places.items():
        value = given.get(name.encode()) or _unchanged(system, name, place, stamps.get(name))
        if not value:
            return None
        values.add(value)
    return Mask(values)


def _unchanged(system: System, name: str, place: Mapping[str, str], stamp: object) -> bytes:
    with suppress(NoSecret):
        found = _read(system, name, place)
        if found.stamp and found.stamp == stamp:
            return found.value
    return b""


def text_of(value: bytes) -> str:
    """For an environment; any bytes come out of it as they were."""
    return os.fsdecode(value)


def _read(system: System, name: str, place: Mapping[str, str]) -> Found:
    if "env" in place:
        value = system.variable(place["env"])
        if value is None:
            raise NoSecret(f"the secret {name} is not there: the runner has no variable {place['env']}")
        return Found(value)
    if "file" in place:
        return _content(system, name, place["file"], place["file"])
    folder = system.variable(CREDENTIALS)
    if not folder:
        hint = "LoadCredential= in the runner's unit brings them"
        raise NoSecret(f"the secret {name} is not there: the runner has no credentials ({hint})")
    credential = place.get("credential", "")
    if "/" in credential or credential in ("", ".", ".."):
        raise NoSecret(f"the secret {name} is not there: {credential!r} is no name of a credential")
    path = f"{os.fsdecode(folder)}/{credential}"
    return _content(system, name, path, f"credential {credential} in {os.fsdecode(folder)}")


def _content(system: System, name: str, path: str, shown: str) -> Found:
    try:
        content, stamp = system.content(path, LONGEST + 2)  # a newline at the end is no part of the value
    except FileNotFoundError:
        raise NoSecret(f"the secret {name} is not there: no {shown}") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise NoSecret(f"the secret {name} can't be read: {shown}: {why}") from None
    return Found(content.removesuffix(b"\n").removesuffix(b"\r"), stamp)


def _checked(name: str, found: Found) -> Found:
    value = found.value
    if not value:
        raise NoSecret(f"the secret {name} is empty")
    if len(value) < SHORTEST:
        raise NoSecret(f"the secret {name} is shorter than {SHORTEST} bytes: it could not be masked")
    if len(value) > LONGEST:
        raise NoSecret(f"the secret {name} is longer than {LONGEST // 1024} KiB")
    if b"\0" in value:
        raise NoSecret(f"the secret {name} holds a NUL character, which no program can be given")
    return found
