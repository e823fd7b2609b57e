"""`rota reload`: read the job files again."""

from __future__ import annotations

from typing import Any

import click

from rota.cli.client import route
from rota.cli.failure import ANSWER_IS_NO
from rota.cli.output import count_text, say, say_json
from rota.cli.outside import Asking, asks_daemon


@click.command()
@click.option("--wait", is_flag=True, help="Exit 1 when a job file has a problem, and print the problems.")
@click.option("--confirm", is_flag=True, help="Take the new set over even when many jobs vanish.")
@click.pass_context
@asks_daemon
def reload(asking: Asking, ctx: click.Context, wait: bool, confirm: bool) -> None:
    """Read the job directories again."""
    loaded = asking.daemon.post(route("reload"), {"confirm": confirm} if confirm else {})
    errors = [problem for problem in loaded["problems"] if problem["severity"] == "error"]
    if asking.as_json:
        say_json(loaded)
    else:
        say(_summary(loaded, len(errors)))
        for problem in loaded["problems"] if wait else ():
            say(problem_line(problem))
    if wait and errors:
        ctx.exit(ANSWER_IS_NO)


def problem_line(problem: dict[str, Any]) -> str:
    """A problem of a file in the API's shape, as compilers write them."""
    hint = f" ({problem['hint']})" if problem.get("hint") else ""
    place = f"{problem['file']}:{problem['line']}:{problem['column']}"
    return f"{place}: {problem['severity']}: {problem['message']}{hint}"


def _summary(loaded: dict[str, Any], errors: int) -> str:
    text = f"{count_text(loaded['jobs'], 'job')} from {count_text(loaded['files'], 'file')}"
    if errors:
        text += f", {errors} {'problem' if errors == 1 else 'problems'}"
    if loaded["stale"]:
        text += f"; running on their last good version: {', '.join(loaded['stale'])}"
    return text
