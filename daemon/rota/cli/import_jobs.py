"""`rota import`: job files from what people have."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo, available_timezones

import click

from rota.cli.failure import ANSWER_IS_NO, CouldNotAsk, Failure
from rota.cli.output import count_text, note, say, say_json
from rota.cli.outside import outside
from rota.importing.formats import FORMATS, Reading
from rota.importing.found import Entry, Found, JobFile, Unconverted

_LARGEST = 4 * 1024 * 1024  # bytes of a foreign file
_SHOWN = 200  # characters of a text that is not converted
_FOLDERS_OF_SYSTEM = ("cron.d",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """Something that was not converted, and in which file it stands."""

    source: str
    what: Unconverted


@click.command("import")
@click.argument("kind", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write job files there."
)
@click.option(
    "--timezone", metavar="ZONE", help="Zone of the times they hold; default: that of this machine."
)
@click.option("--system/--user", "has_user", default=None, help="Whether lines of a crontab name a user.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def import_jobs(
    ctx: click.Context,
    kind: str,
    files: tuple[str, ...],
    folder: Path | None,
    timezone: str | None,
    has_user: bool | None,
    as_json: bool,
) -> None:
    """Turn what other schedulers have into job files. FORMAT is crontab, yacron, cronstable, timers or json.

    FILE is `-` for standard input: `crontab -l | rota import crontab -`, `systemctl cat backup.timer
    backup.service | rota import timers -`. yacron and cronstable are YAML, json is a job or a list of jobs.

    Without --to the jobs are printed as one job file; with it each gets a file of its own, and none is ever
    overwritten. What can't be converted is listed with its line and the reason.

    Exit status: 0 all of it was converted; 1 something was not, or a file is there already; 2 could not run.
    """
    zone = _zone(timezone, ctx)
    found = FORMATS[kind]([_reading(name, zone, has_user) for name in files])
    sources = [kind if name == "-" else name for name in files]
    jobs, listed = _checked(list(zip(sources, found, strict=True)))
    if folder is not None:
        _write(jobs, folder)
    if as_json:
        say_json(_shape(jobs, listed))
    else:
        _say(jobs, listed, folder)
    ctx.exit(ANSWER_IS_NO if listed else 0)


def _zone(named: str | None, ctx: click.Context) -> str | None:
    if named is not None:
        if named not in available_timezones():
            raise click.UsageError(f"there is no time zone {named!r}; they are called such as Europe/Berlin")
        return named
    zone = outside(ctx).zone
    name = zone.key if isinstance(zone, ZoneInfo) else "UTC"
    return None if name in ("UTC", "Etc/UTC") else name


def _reading(name: str, zone: str | None, has_user: bool | None) -> Reading:
    path = Path(name)
    if has_user is None and (name == "/etc/crontab" or path.absolute().parent.name in _FOLDERS_OF_SYSTEM):
        has_user = True
    return Reading(name=name, text=_content(name), timezone=zone, has_user=has_user)


def _content(name: str) -> str:
    try:
        if name == "-":
            content = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(_LARGEST + 1)
    except OSError as error:
        raise CouldNotAsk(f"{name}: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise CouldNotAsk(f"{name}: larger than 4 MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CouldNotAsk(f"{name}: not UTF-8 at byte {error.start}") from error


def _checked(found: list[tuple[str, Found]]) -> tuple[tuple[JobFile, ...], list[_Listed]]:
    """The job files that stand the same check as any other, and everything that was not converted."""
    from rota.importing.jobtext import files_of

    entries = [(entry, name) for name, each in found for entry in each.entries]
    jobs = files_of(entries)
    reasons = _refused(jobs)
    listed = [_Listed(source=name, what=what) for name, each in found for what in each.unconverted]
    kept: list[JobFile] = []
    for file, (entry, source) in zip(jobs, entries, strict=True):
        if file.id in reasons:
            listed.append(_Listed(source=source, what=_as_unconverted(entry, reasons[file.id])))
        else:
            kept.append(file)
    return tuple(kept), sorted(listed, key=lambda each: (each.source, each.what.line))


def _refused(jobs: tuple[JobFile, ...]) -> dict[str, str]:
    """Why the real check does not take a job, by id."""
    from rota.config.validation import validate

    with TemporaryDirectory(prefix="rota-import-") as folder:
        _fill(Path(folder), jobs)
        problems = validate([Path(folder)]).problems
    return {Path(each.file).stem: each.message for each in reversed(problems) if each.severity == "error"}


def _as_unconverted(entry: Entry, reason: str) -> Unconverted:
    return Unconverted(line=entry.line, text=entry.text.splitlines()[0] if entry.text else "", reason=reason)


def _write(jobs: tuple[JobFile, ...], folder: Path) -> None:
    """All of them or none: nothing that is there is touched."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = _already_there(jobs, folder)
        if there:
            raise Failure(
                f"nothing written: {', '.join(there)} already there; move away or choose another folder"
            )
        with TemporaryDirectory(prefix=".rota-import-", dir=folder) as hidden:
            _fill(Path(hidden), jobs)
            _move(jobs, Path(hidden), folder)
    except OSError as error:
        raise CouldNotAsk(f"{error.filename}: {error.strerror}") from error


def _already_there(jobs: tuple[JobFile, ...], folder: Path) -> list[str]:
    """Files below the folder that hold a job of one of these ids."""
    ids = {job.id for job in jobs}
    found = [path for ending in ("yaml", "yml") for path in folder.rglob(f"*.{ending}") if path.stem in ids]
    return sorted(str(path) for path in found)


def _fill(folder: Path, jobs: tuple[JobFile, ...]) -> None:
    for job in jobs:
        (folder / f"{job.id}.yaml").write_text(job.text, encoding="utf-8")


def _move(jobs: tuple[JobFile, ...], hidden: Path, folder: Path) -> None:
    moved: list[Path] = []
    try:
        for job in jobs:
            target = folder / f"{job.id}.yaml"
            target.hardlink_to(hidden / target.name)  # unlike a rename it fails when somebody was faster
            moved.append(target)
    except OSError:
        for target in moved:
            target.unlink()
        raise


def _shape(jobs: tuple[JobFile, ...], listed: list[_Listed]) -> dict[str, object]:
    return {
        "jobs": [asdict(job) for job in jobs],
        "unconverted": [{"source": each.source, **asdict(each.what)} for each in listed],
    }


def _say(jobs: tuple[JobFile, ...], listed: list[_Listed], folder: Path | None) -> None:
    from rota.importing.jobtext import one_file

    if folder is None and jobs:
        click.echo(one_file(jobs), nl=False)
    if folder is not None:
        _say_files(jobs, folder)
    for row in listed:
        note(f"{row.source}:{row.what.line}: not converted: {row.what.reason}")
        if row.what.text:
            note(f"    {row.what.text[:_SHOWN]}")
    left = f", {count_text(len(listed), 'line')} not converted" if listed else ""
    note(f"{count_text(len(jobs), 'job')}{left}")


def _say_files(jobs: tuple[JobFile, ...], folder: Path) -> None:
    """What holds for several jobs is said once."""
    times = Counter(each for job in jobs for each in job.notes)
    for job in jobs:
        say(f"{folder}/{job.id}.yaml  from {job.source} line {job.line}")
        for each in job.notes:
            if times[each] == 1:
                say(f"  note: {each}")
    for each, count in times.items():
        if count > 1:
            say(f"note for {count} jobs: {each}")
