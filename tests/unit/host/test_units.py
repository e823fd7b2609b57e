from __future__ import annotations

from pathlib import Path

from rota.web.hub import CLIENTS

UNIT = Path(__file__).parents[3] / "systemd" / "rota.service"


def test_the_packaged_daemon_may_open_more_files_than_it_takes_clients() -> None:
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if line.startswith("Limit"))

    assert int(settings["LimitNOFILE"]) >= 4 * CLIENTS
