"""`rota ps`: what runs, down to its processes."""

from __future__ import annotations

from typing import Any

import click

from rota.cli.arguments import RUN
from rota.cli.client import pages, route
from rota.cli.output import Cell, say, say_json, say_table, state_cell
from rota.cli.outside import Asking, asks_daemon
from rota.cli.process_tree import Process, processes_of


@click.command()
@click.argument("run", type=RUN, required=False)
@asks_daemon
def ps(asking: Asking, run: str | None) -> None:
    """The processes of one run, or of all that run now; of a batch those of its children."""
    found = _runs(asking, run)
    trees = {each["id"]: processes_of(each["id"], _living_pid(each)) for each in found}
    if asking.as_json:
        say_json([{"run": each["id"], "processes": [_shape(p) for p in trees[each["id"]]]} for each in found])
        return
    rows = [row for each in found for row in _rows(each, trees[each["id"]])]
    if not rows:
        say("Nothing runs.")
        return
    say_table(("RUN", "STATE", "PID", "MEMORY", "COMMAND"), rows)


def _runs(asking: Asking, run: str | None) -> list[dict[str, Any]]:
    if run is not None:
        return _led(asking, asking.daemon.get(route("runs", run)))
    return [each for one in _active(asking) for each in _led(asking, one)]


def _active(asking: Asking, **of: str) -> list[dict[str, Any]]:
    """Oldest first."""
    query: dict[str, object] = {"state": ["running", "retrying"], **of}
    active: list[dict[str, Any]] = pages(asking.daemon, route("runs"), "runs", query)["runs"]
    return active[::-1]


def _led(asking: Asking, run: dict[str, Any]) -> list[dict[str, Any]]:
    """The run itself, or the children of a batch, which have its processes."""
    return [run] if run.get("children") is None else _active(asking, parent=run["id"])


def _living_pid(run: dict[str, Any]) -> int | None:
    # a pid of an ended run may be another process by now
    return run["pid"] if run["state"] == "running" else None


def _rows(run: dict[str, Any], tree: list[Process]) -> list[list[str | Cell]]:
    if not tree:
        waits = run["state"] == "retrying"
        why = "waits for its next attempt" if waits else "no process that can be seen from here"
        return [[run["id"], state_cell(run["state"]), "-", "-", why]]
    return [
        [
            run["id"] if i == 0 else "",
            state_cell(run["state"]) if i == 0 else "",
            str(process.pid),
            f"{process.memory / 1024 / 1024:.1f} M",
            "  " * process.depth + process.command,
        ]
        for i, process in enumerate(tree)
    ]


def _shape(process: Process) -> dict[str, object]:
    return {
        "pid": process.pid,
        "parent": process.parent,
        "memory": process.memory,
        "command": process.command,
        "depth": process.depth,
    }
