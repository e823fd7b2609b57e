"""Job files as people write them, mixed and always the same for a seed; shared by the commands beside it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

# One kind only, for who fills in numbers: n, minute and hour.
FILE = """title: Nightly dump {n}
description: Dumps one of the databases, verifies the dump, and prunes what is older than two weeks.
owner: dba@example.org
tags: [database, nightly]
schedule:
  cron: "{minute} {hour} * * *"
  timezone: Europe/Berlin
missed: {{run: latest, within: 12h}}
retry: {{attempts: 3, delay: 30s, backoff: exponential}}
limits: {{timeout: 30m}}
env: {{PGHOST: db{n}, PGDATABASE: app}}
run: |
  pg_dump app | gzip > /srv/backup/{n}.gz
  gzip -t /srv/backup/{n}.gz
"""
ZONES = ("Europe/Berlin", "America/New_York", "UTC")


def write_jobs(folder: Path, count: int, seed: int = 7) -> None:
    """`job-0.yaml` and so on: of ten jobs six have a plain cron, the others what the grammar has beside."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    for number in range(count):
        (folder / f"job-{number}.yaml").write_text(job_text(number, chance))


def job_text(number: int, chance: random.Random) -> str:
    """About 500 bytes; every second one has steps or parameters."""
    schedule = _SCHEDULES.get(number % 10, _plain)
    work = _steps if number % 10 in (2, 3, 4) else _script
    return "".join(
        (
            f"title: Nightly dump {number}\n",
            "description: Dumps one of the databases, verifies it and prunes what is old.\n",
            f"owner: team-{number % 40}@example.org\ntags: [database, nightly]\n",
            schedule(number, chance),
            "missed: {run: latest, within: 12h}\n",
            "retry: {attempts: 3, delay: 30s, backoff: exponential}\nlimits: {timeout: 30m}\n",
            f"env: {{PGHOST: db{number}, PGDATABASE: app}}\n",
            _PARAMS if number % 10 in (1, 2) else "",
            work(number),
        )
    )


_PARAMS = "params:\n  database: {type: string, enum: [app, billing], default: app}\n"


def _plain(number: int, chance: random.Random) -> str:
    days = "*" if number % 10 else "mon-fri"
    cron = f"{chance.randrange(60)} {chance.randrange(24)} * * {days}"
    return f'schedule:\n  cron: "{cron}"\n  timezone: {chance.choice(ZONES)}\n'


def _two_triggers(number: int, _: random.Random) -> str:
    return (
        f'schedule:\n  - cron: "H {number % 24} * * *"\n    except: {{days: [sat, sun]}}\n'
        f'  - cron: "30 12 {1 + number % 28} * *"\n'
    )


def _spread(number: int, _: random.Random) -> str:
    return f"schedule:\n  every: {5 + number % 50}m\n  spread: 2m\n"


def _after(number: int, _: random.Random) -> str:
    return f"schedule:\n  after: job-{number - 1}\n"


_SCHEDULES: dict[int, Callable[[int, random.Random], str]] = {7: _two_triggers, 8: _spread, 9: _after}


def _script(number: int) -> str:
    return f"run: |\n  pg_dump app | gzip > /srv/backup/{number}.gz\n  gzip -t /srv/backup/{number}.gz\n"


def _steps(number: int) -> str:
    return (
        "steps:\n  - id: dump\n    run: pg_dump app > /srv/backup/x\n    share: 3\n"
        f'  - id: verify\n    exec: [gzip, -t, "/srv/backup/{number}.gz"]\n'
    )
