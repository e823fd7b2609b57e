"""The environment and working directory of an attempt. Nothing is inherited from daemon or runner."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rota.core.errors import JobError
from rota.core.model import JobSpec, StepSpec
from rota.core.run import Run
from rota.core.seams import RunnerFacts
from rota.core.templates import MAX_TEXT, render
from rota.core.values import template_values, variables

MAX_ALL = 256 * 1024  # bytes of all values of job files, parameters and outputs together

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is the same for all runs of this daemon.

    `command` is the path of the `rota` program (`ROTA_BIN` for jobs; "" when there is none), `state` the
    daemon's state directory (`ROTA_STATE`, where that program finds daemon and ledger).
    """

    host: str
    url: str
    command: str = ""
    state: str = ""


def environment(spec: JobSpec, step: StepSpec, run: Run, place: Place, facts: RunnerFacts) -> dict[str, str]:
    """All variables of the newest attempt of `run`, except ROTA_OUTPUT, which names a place the runner makes.

    Later ones win: passwd and PATH, `env_file`, `env` of the job, `env` of the step, `ROTA_*` and kin.
    Secrets are not among them: only the runner knows their values.
    Raises JobError when a file can't be read, a template fails or the values are too large.
    """
    told = {name: value for _, layer in _told(spec, step, run, place) for name, value in layer.items()}
    _check_size(told)
    return _from_passwd(facts) | told


def layers(
    spec: JobSpec, step: StepSpec, run: Run, place: Place, facts: RunnerFacts
) -> list[tuple[str, dict[str, str]]]:
    """The same by where it comes from, in words for people; of a name in several the last one counts.

    A secret is there with what stands for its value.
    """
    passwd = _from_passwd(facts)
    ours = {name: passwd.pop(name) for name in ("PATH", "LANG")}
    told = _told(spec, step, run, place)
    _check_size({name: value for _, layer in told for name, value in layer.items()})
    secrets = {name: secret.text for name, secret in spec.secrets.items()}
    return [("user", passwd), ("rota", ours), *told[:-1], ("secrets", secrets), told[-1]]


def working_directory(spec: JobSpec, step: StepSpec, facts: RunnerFacts) -> str:
    """The step's `cwd`, else the job's, else the user's home; relative: to the job file's directory."""
    wanted = step.cwd if step.cwd is not None else spec.cwd
    if wanted is None:
        return facts.home
    return str(Path(spec.source.directory, wanted))


def read_env_file(path: Path) -> dict[str, str]:
    """`KEY=value` lines; empty ones and those that begin with # don't count; one pair of quotes is taken off.

    Raises JobError that names file and line; FileNotFoundError when there is no such file.
    """
    try:
        text = _content(path).decode()
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise JobError(f"{path} is not UTF-8 text.") from error
    except OSError as error:
        raise JobError(f"{path} can't be read: {error.strerror}.") from error
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, value = _pair(line, f"{path}:{number}")
            found[name] = value
    return found


def _content(path: Path) -> bytes:
    """All runs of all jobs would wait for a FIFO or a device, so nothing but a regular file is read."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise JobError(f"{path} can't be read: it is no regular file.")
        content = os.read(fd, MAX_ALL + 1)
    finally:
        os.close(fd)
    if len(content) > MAX_ALL:
        raise JobError(f"{path} is larger than {MAX_ALL // 1024} KiB.")
    return content


def _pair(line: str, where: str) -> tuple[str, str]:
    name, equals, value = line.partition("=")
    name, value = name.strip(), value.strip()
    if not equals:
        raise JobError(f"{where}: expected KEY=value.")
    if not _NAME.fullmatch(name):
        raise JobError(f"{where}: {name!r} is not a name of a variable: letters, digits and _ only.")
    if "\0" in value:
        raise JobError(f"{where}: the value holds a NUL character.")
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return name, value


def _from_passwd(facts: RunnerFacts) -> dict[str, str]:
    return {
        "HOME": facts.home,
        "USER": facts.user,
        "LOGNAME": facts.user,
        "SHELL": facts.shell or "/bin/sh",
        "PATH": _PATH,
        "LANG": "C.UTF-8",
    }


def _told(spec: JobSpec, step: StepSpec, run: Run, place: Place) -> list[tuple[str, dict[str, str]]]:
    if not run.attempts:
        raise AssertionError("an environment belongs to an attempt")
    attempt = run.attempts[-1]
    values = template_values(run, host=place.host, url=place.url, matrix=spec.matrix)
    own = variables(run, attempt, host=place.host, url=place.url, matrix=spec.matrix) | _own(place)
    return [
        *_from_files(spec),
        ("env", _rendered(spec.env, values, "env")),
        (f"env of step {step.id}", _rendered(step.env, values, f"env of {step.id}")),
        ("rota", own),
    ]


def _from_files(spec: JobSpec) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for name in spec.env_file:
        may_be_missing = name.startswith("?")
        path = Path(spec.source.directory, name.removeprefix("?"))
        try:
            found.append((f"env_file {path}", read_env_file(path)))
        except FileNotFoundError as error:
            if not may_be_missing:
                hint = f'write "?{name}" when it may be missing'
                raise JobError(f"The env_file {path} is not there ({hint}).") from error
    return found


def _rendered(env: Mapping[str, str], values: Mapping[str, object], where: str) -> dict[str, str]:
    return {name: render(text, values, where=f"{where}: {name}") for name, text in env.items()}


def _own(place: Place) -> dict[str, str]:
    own = {"ROTA_BIN": place.command, "ROTA_STATE": place.state}
    return {name: value for name, value in own.items() if value}


def _check_size(told: Mapping[str, str]) -> None:
    sizes = {name: len(value.encode("utf-8", "surrogateescape")) for name, value in told.items()}
    for name, value in told.items():
        if "\0" in value:
            raise JobError(f"The variable {name} holds a NUL character, which no program can be given.")
        if sizes[name] > MAX_TEXT:
            raise JobError(f"The variable {name} is larger than {MAX_TEXT // 1024} KiB.")
    if sum(sizes.values()) > MAX_ALL:
        raise JobError(f"The variables of this run are larger than {MAX_ALL // 1024} KiB together.")
