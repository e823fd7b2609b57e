"""`rota watch`: a page in the terminal, live."""

from __future__ import annotations

import click

from rota.cli.arguments import JOB
from rota.cli.failure import NoDaemon
from rota.cli.output import note, say, say_json
from rota.cli.outside import Asking, asks_daemon
from rota.cli.page import Tree, a_console, drawn, fetch_tree, news, refreshed, say_tree

FRAME_SECONDS = 0.25
TICK_SECONDS = 1.0  # how often countdowns move when nothing else changed


@click.command()
@click.argument("job", type=JOB, required=False)
@asks_daemon
def watch(asking: Asking, job: str | None) -> None:
    """The page of everything or of one job, redrawn when something changes; Ctrl-C ends it.

    Not on a terminal: printed once, then a line for each change of a state.
    With --json: the elements, again after each change.
    """
    tree = fetch_tree(asking.daemon, f"job/{job}" if job else "overview")
    if asking.as_json or not a_console().is_terminal:
        _tell(asking, tree)
    else:
        _redraw(asking, tree)


def _tell(asking: Asking, tree: Tree) -> None:
    if asking.as_json:
        say_json(tree.elements)
    else:
        say_tree(tree, asking.outside)
    while True:
        asking.outside.wait(FRAME_SECONDS)
        after = _now(asking, tree)
        if after is not tree and asking.as_json:
            say_json(after.elements)
        for line in news(tree, after) if not asking.as_json else ():
            say(line)
        tree = after


def _redraw(asking: Asking, tree: Tree) -> None:
    from rich.live import Live

    console = a_console()
    shown = drawn(tree, asking.outside, console.width)
    # Nothing else prints here, and a redirected stdout would no longer say what it can encode.
    with Live(
        shown,
        console=console,
        screen=True,
        auto_refresh=False,
        vertical_overflow="ellipsis",
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:
        since_drawn = 0.0
        while True:
            asking.outside.wait(FRAME_SECONDS)
            since_drawn += FRAME_SECONDS
            after = _now(asking, tree)
            if after is not tree or since_drawn >= TICK_SECONDS:
                tree, since_drawn = after, 0.0
                live.update(drawn(tree, asking.outside, console.width), refresh=True)


def _now(asking: Asking, tree: Tree) -> Tree:
    """The tree as it is; as it was while the daemon restarts."""
    try:
        return refreshed(asking.daemon, tree)
    except NoDaemon as error:
        if not a_console().is_terminal:
            note(f"rota: {error.message}; waiting for it")
        asking.outside.wait(1.0)
        return tree
