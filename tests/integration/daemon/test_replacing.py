"""`overlap: replace` over a real daemon and its death: the old run ends, the new one begins after it."""

from __future__ import annotations

from daemon_process import DaemonProcess
from eventually import eventually

STUBBORN = """
concurrency: {overlap: replace}
limits: {grace: 1s}
run: |
  trap '' TERM
  echo "$ROTA_RUN begins"
  for n in $(seq 600); do sleep 0.1; done
"""


def state(daemon: DaemonProcess, run: str) -> str:
    found = daemon.get(f"/api/v1/runs/{run}")
    return f"{found['state']} {found['reason']}"


def test_a_run_is_replaced_though_it_ignores_sigterm_and_the_daemon_dies_meanwhile(
    daemon: DaemonProcess,
) -> None:
    daemon.load("stubborn", STUBBORN)
    old = daemon.run("stubborn")
    eventually(lambda: "begins" in str(daemon.lines(old)))
    waited = daemon.run("stubborn")
    eventually(lambda: daemon.get(f"/api/v1/runs/{old}")["cancelRequestedAt"] is not None)

    daemon.kill9()
    daemon.start()
    new = daemon.run("stubborn")

    eventually(lambda: state(daemon, new).startswith("running"), within=60)
    assert state(daemon, old) == "cancelled replaced"
    # What waited gave way, unless its turn came while there was no daemon to ask.
    assert state(daemon, waited) in ("skipped overlap", "cancelled replaced")
    ended, begun = daemon.get(f"/api/v1/runs/{old}"), daemon.get(f"/api/v1/runs/{new}")
    assert ended["message"].endswith("took its place")
    assert begun["startedAt"] >= ended["endedAt"]
    daemon.rota("cancel", new, "--now")
    daemon.unload("stubborn")
