"""Run the jobs of a JSON list, each [second, minute, hour, argv], by APScheduler with threads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from apscheduler.schedulers.blocking import BlockingScheduler  # type: ignore[import-not-found]


def main() -> None:
    scheduler = BlockingScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})
    for second, minute, hour, argv in json.loads(Path(sys.argv[1]).read_text()):
        scheduler.add_job(_run, "cron", [argv], second=second, minute=minute, hour=hour)
    scheduler.start()


def _run(argv: list[str]) -> None:
    subprocess.run(argv, check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
