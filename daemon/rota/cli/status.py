"""`rota status`: a page in the terminal, or one line for a monitoring system."""

from __future__ import annotations

from typing import Any

import click

from rota.cli.arguments import JOB
from rota.cli.client import Daemon, pages, route
from rota.cli.failure import Failure, NoDaemon
from rota.cli.output import say_json
from rota.cli.outside import Asking, asks_daemon
from rota.cli.verdict import Verdict, of_all, of_job
from rota_renderers.plain import plain


@click.command()
@click.argument("job", type=JOB, required=False)
@click.option(
    "--check", is_flag=True, help="One line and exit status 0, 1, 2 or 3, as monitoring plug-ins do."
)
@click.pass_context
@asks_daemon
def status(asking: Asking, ctx: click.Context, job: str | None, check: bool) -> None:
    """How things stand, of everything or of one job.

    With --check: 0 OK; 1 WARNING (missed, broken job file); 2 CRITICAL (failed, or the daemon does not run
    jobs); 3 UNKNOWN (no such job, no permission to ask).
    """
    if check:
        verdict = _judge(asking.daemon, job)
        if asking.as_json:
            say_json({"status": verdict.word, "code": verdict.code, "text": verdict.text})
        else:
            click.echo(plain(verdict.line))
        ctx.exit(verdict.code)
    from rota.cli.page import fetch_tree, say_tree

    tree = fetch_tree(asking.daemon, f"job/{job}" if job else "overview")
    if asking.as_json:
        say_json(tree.document)
    else:
        say_tree(tree, asking.outside)


def _judge(daemon: Daemon, job: str | None) -> Verdict:
    try:
        ready, readiness = daemon.probe("/readyz")
        reasons = tuple(readiness["reasons"]) if ready != 200 else ()
        if job is not None:
            return of_job(daemon.get(route("jobs", job)), reasons)
        return of_all(_jobs(daemon), reasons, _broken_files(readiness))
    except NoDaemon as error:
        code = 3 if isinstance(error.__cause__, PermissionError) else 2
        return Verdict(code=code, text=error.message)
    except (Failure, KeyError, TypeError) as error:
        return Verdict(code=3, text=str(error))


def _broken_files(readiness: dict[str, Any]) -> str:
    items = {item["key"]: item for item in readiness.get("health", ())}
    return str(items["jobs"]["note"]) if "jobs" in items and items["jobs"]["state"] != "ok" else ""


def _jobs(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pages(daemon, route("jobs"), "jobs", {})["jobs"]
    return found
