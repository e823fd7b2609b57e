"""`python:` work: one callable, called in this process. Run as a folder, by the interpreter the job names.

Standard library only, and nothing of rota but `rota.job`: that interpreter may know no rota at all.
Exit status: 0 when the callable returns, 1 when it raises, its own when it exits.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
import traceback
import types
import typing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

SETTINGS = "ROTA_WORK"
_ROTA = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_READERS: dict[type, typing.Callable[[str], object]] = {
    int: int,
    float: float,
    Decimal: Decimal,
    Path: Path,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


class Unusable(Exception):
    """The job file and the code it names don't fit together."""


def main(given: dict[str, typing.Any]) -> int:
    """Call `{callable, args, params}`: without `args` it gets the parameters that it has names for."""
    from rota import job

    try:
        function = find(given["callable"])
        result = function(**arguments(function, given.get("args"), given.get("params") or {}))
        tell(asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result)
    except Unusable as error:
        job.error(str(error))
        return 1
    except Exception as error:
        # What stands above the callable's own frames is of no use to its author.
        traceback.print_exception(type(error), error, _own_frames(error.__traceback__), file=sys.stdout)
        job.error("".join(traceback.format_exception_only(type(error), error)).strip())
        return 1
    return 0


def find(name: str) -> typing.Callable[..., object]:
    """The callable of `package.module:function`. Raises Unusable when the name leads nowhere."""
    module_name, _, path = name.partition(":")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there, but something that it imports is not
        raise Unusable(f"there is no module {error.name!r} for {sys.executable} in {Path.cwd()}") from error
    for part in path.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise Unusable(f"{name!r} names nothing that can be called")
    return found


def arguments(
    function: typing.Callable[..., object],
    args: dict[str, object] | None,
    params: dict[str, object],
) -> dict[str, object]:
    """What to call it with, in the types that it asks for. Raises Unusable when it would not take them."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # some built-in ones tell nothing of themselves
        return dict(params if args is None else args)
    takes_all = any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values())
    if args is None:
        args = {key: value for key, value in params.items() if takes_all or key in signature.parameters}
    try:
        signature.bind(**args)
    except TypeError as error:
        raise Unusable(f"{_name(function)}{signature} can't be called: {error}") from error
    hints = _hints(function)
    return {key: _typed(key, value, hints.get(key)) for key, value in args.items()}


def tell(result: object) -> None:
    """The return value as outputs: a map by its names, anything else as `result`."""
    from rota import job

    if result is None:
        return
    named = result if isinstance(result, dict) else {"result": result}
    for name, value in named.items():
        if isinstance(name, str) and _NAME.fullmatch(name):
            job.output(**{name: value})
        else:
            job.warning(f"no output can be called {name!r}: expected lower-case letters, digits and _")


async def _awaited(result: typing.Any) -> object:
    return await result


def _own_frames(trace: types.TracebackType | None) -> types.TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def _hints(function: typing.Callable[..., object]) -> dict[str, object]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # an annotation can be any expression; without them values come as they are
        return {}


def _typed(name: str, value: object, wanted: object) -> object:
    if not isinstance(wanted, type) or wanted not in _READERS or not isinstance(value, str):
        return value
    try:
        return _READERS[wanted](value)
    except (ValueError, ArithmeticError) as error:
        raise Unusable(f"the argument {name!r} is {value!r}, which is no {wanted.__name__}") from error


def _name(function: object) -> str:
    return getattr(function, "__qualname__", None) or type(function).__name__


def _make_room() -> None:
    """The job's folder is where it imports from, as with `python -m`; and `rota.job` is always there."""
    sys.path[0] = str(Path.cwd())
    if importlib.util.find_spec("rota") is None:
        package = types.ModuleType("rota")
        package.__path__ = [str(_ROTA)]
        sys.modules["rota"] = package


if __name__ == "__main__":
    _make_room()
    sys.exit(main(json.loads(os.environ.pop(SETTINGS))))
