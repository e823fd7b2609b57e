"""Limits from the job file to the page: what ended a run, what it used, what it left behind."""

from __future__ import annotations

from daemon_process import DaemonProcess


def test_limits_are_held_and_what_was_used_is_told(daemon: DaemonProcess) -> None:
    daemon.load("hangs", "run: echo one; sleep 60\nlimits: {watchdog: 1s}\n")
    daemon.load("leaves", "run: sleep 60 & echo done\nlimits: {nofile: 64}\n")

    hung, left = daemon.run("hangs"), daemon.run("leaves")
    hung, left = daemon.ended(hung), daemon.ended(left)

    assert (hung["state"], hung["reason"]) == ("failed", "watchdog")
    assert hung["message"] == "ended by its watchdog: no sign of life for 1 s"
    assert (left["state"], left["warnings"]) == ("completed", ["a process that it left behind was ended"])
    assert left["attempts"][0]["used"]["switches"] > 0
    assert "CPU time" in daemon.rota("show", left["id"]).stdout


def test_what_this_host_can_not_hold_is_said_and_refused_where_it_is_required(daemon: DaemonProcess) -> None:
    daemon.load("asks", "run: 'true'\nlimits: {memory: 512M}\n")
    daemon.load("requires", "run: 'true'\nlimits: {memory: 512M, enforce: require}\n")

    page = daemon.rota("status", "asks").stdout
    asked, required = daemon.ended(daemon.run("asks")), daemon.ended(daemon.run("requires"))

    assert asked["state"] == "completed"
    if required["state"] == "completed":  # a host that can
        assert "not enforced" not in page
    else:
        assert required["reason"] == "refused"
        assert "limits.memory can't be enforced on this host" in required["message"]
        assert "not enforced on this host" in " ".join(page.split())
