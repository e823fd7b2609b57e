"""Arguments that many commands share: JOB, RUN, and which jobs are meant; each completes in the shell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from rota.cli.client import UnixDaemon, pages, route
from rota.cli.outside import daemon_socket
from rota.core.run import parse_run_id

F = TypeVar("F", bound=Callable[..., object])

_COMPLETION_SECONDS = 1.0


class JobName(click.ParamType[str]):
    """The id of a job."""

    name = "job"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value == "":
            self.fail("expected the id of a job", param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The ids that the daemon knows; none when it does not answer quickly."""
        try:
            daemon = UnixDaemon(
                daemon_socket(_path(ctx, "state"), _path(ctx, "socket")), timeout=_COMPLETION_SECONDS
            )
            found = pages(daemon, route("jobs"), "jobs", {})["jobs"]
        except Exception:  # whatever is wrong, pressing Tab must not print it into the line being typed
            return []
        return [
            CompletionItem(job["id"], help=job["title"]) for job in found if job["id"].startswith(incomplete)
        ]


class RunName(JobName):
    """`backup.12`, or `backup` for its latest run; the value names a run of the API either way."""

    name = "run"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        if "." not in text or text.endswith(".latest"):
            return f"{text.removesuffix('.latest')}.latest"
        try:
            parse_run_id(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return text


JOB = JobName()
RUN = RunName()


@dataclass(frozen=True, slots=True)
class Chosen:
    """One job, all with a tag, or (neither) all there are."""

    job: str | None
    tag: str | None

    @property
    def scope(self) -> dict[str, object]:
        """As the API is told of many jobs."""
        return {"all": True} if self.tag is None else {"tag": self.tag}

    @property
    def words(self) -> str:
        """For people."""
        return self.job or ("all jobs" if self.tag is None else f"all jobs tagged {self.tag}")


def chooses_jobs(command: F) -> F:
    """Adds JOB, --tag and --all; read them by `chosen_jobs`."""
    command = click.option("--all", "every", is_flag=True, help="Every job.")(command)
    command = click.option("--tag", help="Every job with this tag.")(command)
    return click.argument("job", type=JOB, required=False)(command)


def chosen_jobs(job: str | None, tag: str | None, every: bool) -> Chosen:
    """Which jobs are meant. Raises click's usage error unless one way is used."""
    if sum((job is not None, tag is not None, every)) != 1:
        raise click.UsageError("name one JOB, or --tag, or --all")
    return Chosen(job, tag)


def _path(ctx: click.Context, name: str) -> Path | None:
    value = ctx.params.get(name)
    return Path(value) if value is not None else None
