"""`rota env`: with what a run of a job would start."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from shlex import join, quote
from typing import Any

import click

from rota.cli.arguments import JOB
from rota.cli.client import route
from rota.cli.failure import Failure
from rota.cli.job_file import jobs_below, params_of, picked
from rota.cli.output import count_text, note, say, say_json
from rota.cli.outside import Asking, asks_daemon
from rota.cli.run import parse_params
from rota.core.words import size_in_words


@click.command("env")
@click.argument("job", type=JOB)
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option("--step", default="", help="Which step; default: the first.")
@click.option(
    "--jobs",
    "path",
    type=click.Path(exists=True, path_type=Path),
    help="Read this job directory or file instead of asking the daemon; as your user.",
)
@asks_daemon
def env(asking: Asking, job: str, params: tuple[str, ...], step: str, path: Path | None) -> None:
    """With what a run of JOB would start: command, user, folder, limits and every variable.

    Nothing else is inherited, from nobody. Each variable says where it comes from; `*` marks those that each
    run has otherwise. The runner adds ROTA_OUTPUT, a file of the run's own, and ROTA_ATTEMPT_ID.

    \b
    Exit status: 0 printed; 1 no such job or step, or it can't be prepared;
    2 wrong usage, or nobody to ask.
    """
    found = _from_daemon(asking, job, params, step) if path is None else _from_files(path, job, params, step)
    if asking.as_json:
        say_json(found)
    else:
        _say(found)


def _from_daemon(asking: Asking, job: str, params: tuple[str, ...], step: str) -> dict[str, Any]:
    query = {"step": step} if step else {}
    if params:
        query["params"] = json.dumps(parse_params(params, asking.daemon.get(route("jobs", job))["params"]))
    found: dict[str, Any] = asking.daemon.get(route("jobs", job, "environment"), query)
    return found


def _from_files(path: Path, job: str, params: tuple[str, ...], step: str) -> dict[str, Any]:
    from rota.core.errors import JobError, NotFound
    from rota.engine.preview import preview
    from rota.web.api_environment import preview_shape

    spec = picked(jobs_below(path), job, str(path))
    try:
        return preview_shape(preview(spec, params_of(spec, params), step, _here()))
    except (JobError, NotFound) as error:
        raise Failure(error.message) from error


def _here() -> Any:
    from rota.core.seams import RunnerFacts
    from rota.engine.clock import SystemClock
    from rota.engine.preview import Here
    from rota.host.command import own_command
    from rota.host.listen import boot_id, host_name
    from rota.process.environment import Place
    from rota.runner.protocol import version_text

    me = pwd.getpwuid(os.getuid())
    facts = RunnerFacts(
        user=me.pw_name,
        home=me.pw_dir,
        shell=me.pw_shell,
        boot_id=boot_id(),
        pid=0,
        version=version_text(),
        any_user=os.getuid() == 0,
    )
    return Here(
        place=Place(host=host_name(), url="", command=own_command()), facts=facts, now=SystemClock().now()
    )


def _say(found: dict[str, Any]) -> None:
    limits = found["limits"]
    timeout = "none" if limits["timeoutMs"] is None else f"{limits['timeoutMs'] / 1000:g} s"
    note(f"# {found['job']}, step {found['step']}, as user {found['runAs']} in {found['cwd']}")
    note(f"# {join(found['argv'])}")
    output = size_in_words(limits["outputBytes"])
    note(f"# timeout {timeout}, grace {limits['graceMs'] / 1000:g} s, output {output}")
    note(f"# {count_text(len(found['variables']), 'variable')}")
    for each in found["variables"]:
        mark = "*" if each["varies"] else ""
        value = each["value"] if each["from"] == "secrets" else quote(each["value"])
        say(f"{each['name']}={value}  # {each['from']}{mark}")
