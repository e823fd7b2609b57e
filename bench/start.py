"""Start a daemon with N jobs on a ledger of M runs: seconds until it is ready, and where they go.

    .venv/bin/python bench/start.py [--jobs 10000] [--runs 1000000] [--at FOLDER] [--rounds 3]

The ledger and the job files are made first, unless the folder has them from before. The first start notes all
jobs and is not counted; the others are warm. A phase counts with everything it waits for.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import grown
from job_files import FILE
from measure import median, table, verdict

GOAL = 2.0  # seconds
_TIMES = "ROTA_BENCH_TIMES"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--at", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with nullcontext(options.at) if options.at else tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder), options.jobs, options.runs)
        _start(Path(folder))
        found = [_start(Path(folder)) for _ in range(options.rounds)]
    names = sorted(set().union(*found), key=lambda name: -median([each.get(name, 0.0) for each in found]))
    rows = [[name, f"{median([each.get(name, 0.0) for each in found]):.3f}"] for name in names]
    print(f"Start with {options.jobs} jobs and {options.runs} runs")
    print(table(["", "seconds"], rows))
    print(verdict("seconds until ready", median([each["ready"] for each in found]), GOAL, " s"))


def _prepare(folder: Path, jobs: int, runs: int) -> None:
    (folder / "state").mkdir(parents=True, exist_ok=True)
    if not (folder / "state/ledger.db").exists():
        grown.grow(folder / "state/ledger.db", runs, jobs)
    if not (folder / "jobs.d").exists():
        (folder / "jobs.d").mkdir()
        for n in range(jobs):
            text = FILE.format(n=n, minute=n % 60, hour=n % 24).replace(
                "missed: {run: latest, within: 12h}\n", "missed: skip\n"
            )
            (folder / f"jobs.d/{grown.job_name(n)}.yaml").write_text(text)


def _start(folder: Path) -> dict[str, float]:
    """Seconds by phase."""
    times = folder / "times.json"
    times.unlink(missing_ok=True)
    root = Path(__file__).resolve().parents[1]
    code = os.pathsep.join(str(root / part) for part in ("daemon", "catalog", "renderers"))
    command = [sys.executable, __file__, "serve", str(folder / "jobs.d"), "--state", str(folder / "state")]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--log", "json"],
        env={**os.environ, "PYTHONPATH": code, "XDG_RUNTIME_DIR": str(folder), _TIMES: str(times)},
        stdout=subprocess.PIPE,
        stderr=(folder / "daemon.log").open("ab"),
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    ready = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    process.wait()
    if not line:
        raise SystemExit(f"the daemon did not start: see {folder / 'daemon.log'}")
    return {"ready": ready, **json.loads(times.read_text())}


def _serve() -> None:
    """The daemon, with a clock beside some of its functions."""
    began = time.perf_counter()
    from aiohttp import web

    from rota import daemon
    from rota.config.jobset import JobReader
    from rota.engine.executor import Executor
    from rota.engine.jobs import Jobs
    from rota.engine.scheduler import Scheduler
    from rota.store.ledger import Ledger

    spent: dict[str, float] = defaultdict(float)
    spent["imports"] = time.perf_counter() - began
    for owner, names in (
        (Ledger, ("open", "records", "bars", "last_skips", "save_records", "save_definitions", "answers")),
        (JobReader, ("read",)),
        (Jobs, ("reload", "_swap", "_recall", "_remember")),
        (Scheduler, ("load", "know")),
        (Executor, ("take",)),
        (daemon.Daemon, ("_begin", "_see_runner", "_serve_pages")),
        (daemon, ("take_back",)),
    ):
        for name in names:
            if hasattr(owner, name):
                _time(owner, name, spent)
    announce, times = daemon.Daemon._announce, Path(os.environ[_TIMES])

    def told(self: daemon.Daemon, app: web.Application) -> Coroutine[Any, Any, None]:
        times.write_text(json.dumps(spent))
        return announce(self, app)

    daemon.Daemon._announce = told  # type: ignore[method-assign]
    from rota.cli.main import main as command

    command()


def _time(owner: Any, name: str, spent: dict[str, float]) -> None:
    written = inspect.getattr_static(owner, name)
    call: Callable[..., Any] = written.__func__ if isinstance(written, classmethod) else written
    label = f"{getattr(owner, '__name__', owner).rpartition('.')[2]}.{name}"

    @functools.wraps(call)
    def timed(*args: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*args, **named)
        finally:
            spent[label] += time.perf_counter() - began

    @functools.wraps(call)
    async def awaited(*args: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return await call(*args, **named)
        finally:
            spent[label] += time.perf_counter() - began

    wrapped: Any = awaited if inspect.iscoroutinefunction(call) else timed
    setattr(owner, name, classmethod(wrapped) if isinstance(written, classmethod) else wrapped)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        _serve()
    else:
        main()
