"""`rota serve`: the daemon."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from rota.cli.outside import names_daemon


@click.command()
@click.argument("jobs_dirs", nargs=-1, metavar="[JOBS_DIR]...", type=click.Path(path_type=Path))
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="The daemon's rota.yaml.")
@click.option("--listen", metavar="ADDR", help="Where the page is, such as 127.0.0.1:8321; port 0 picks one.")
@click.option("--log", type=click.Choice(["text", "json"]), help="How the daemon writes its own log.")
@names_daemon
@click.pass_context
def serve(
    ctx: click.Context,
    jobs_dirs: tuple[Path, ...],
    config: Path | None,
    listen: str | None,
    log: Literal["text", "json"] | None,
    state: Path | None,
    socket: Path | None,
) -> None:
    """Serve the jobs of these directories, in the foreground.

    Starts a runner when none answers.
    On a terminal prints the link that signs a browser in.
    """
    from rota.app import ServeOptions
    from rota.app import serve as serve_jobs

    options = ServeOptions(
        jobs_dirs=jobs_dirs, config=config, listen=listen, state=state, socket=socket, log=log
    )
    ctx.exit(serve_jobs(options))
