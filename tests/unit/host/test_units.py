from __future__ import annotations

import re
from pathlib import Path

from rota.config.validation import validate
from rota.web.hub import CLIENTS

PROJECT = Path(__file__).parents[3]
UNIT = PROJECT / "systemd" / "rota.service"


def test_the_packaged_daemon_may_open_more_files_than_it_takes_clients() -> None:
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if line.startswith("Limit"))

    assert int(settings["LimitNOFILE"]) >= 4 * CLIENTS


def test_the_jobs_of_the_proof_under_systemd_are_jobs_of_today(tmp_path: Path) -> None:
    for file in (PROJECT / "tests" / "systemd" / "jobs").glob("*.yaml"):
        # As the proof does it: each @SECONDS@ is stretched for slow machines.
        (tmp_path / file.name).write_text(re.sub(r"@([\d.]+)@", r"\1", file.read_text()))

    found = validate([tmp_path])

    assert found.problems == ()
    assert "slow" in found.jobs
