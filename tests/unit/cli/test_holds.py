"""`rota pause`, `rota resume` and `rota skip`, in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fakes.command_line import NOW, Rota
from fakes.daemon import ScriptedDaemon
from rota.core.instant import to_ms

LATER = NOW + timedelta(hours=2)


def a_pause(
    scope: str = "job", *, until: datetime | None = None, note: str = "", **more: Any
) -> dict[str, Any]:
    return {"scope": scope, "since": 0, "until": until and to_ms(until), "note": note, **more}


def a_job(*pauses: dict[str, Any], **changes: Any) -> dict[str, Any]:
    shown = pauses[0] if pauses else None
    return {"id": "backup", "paused": shown, "pauses": list(pauses), "skipNext": None, **changes}


def test_pause_says_when_it_ends_and_what_it_replaces(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/jobs/backup", a_job(a_pause(note="disks")))
    daemon.says("/api/v1/jobs/backup/pause", a_job(a_pause(until=LATER)))

    result = run_rota("pause", "backup", "--until", "+2h")

    assert result.output == "backup: paused until 2026-09-24 12:00:00 UTC, instead of paused (disks)\n"
    assert daemon.posted == [("/api/v1/jobs/backup/pause", {"until": to_ms(LATER)})]


def test_a_note_of_many_lines_stays_on_one(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/jobs/backup", a_job())
    daemon.says("/api/v1/jobs/backup/pause", a_job(a_pause(note="disks\n\x1b[31mfull")))

    assert run_rota("pause", "backup", "--note", "x").output == "backup: paused (disks full)\n"


def test_a_tag_that_no_job_has_is_told(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/pauses", {"pause": a_pause("tag:nihgt", jobs=0), "replaced": None})

    result = run_rota("pause", "--tag", "nihgt")

    assert result.output == "all jobs tagged nihgt: paused (no job has this tag now)\n"


def test_a_tag_is_paused_as_one(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    pause = a_pause("tag:night", until=LATER, note="moving house", jobs=2)
    daemon.says("/api/v1/pauses", {"pause": pause, "replaced": None})

    result = run_rota("pause", "--tag", "night", "--until", "+2h", "--note", "moving house")

    assert result.output == (
        "all jobs tagged night: paused until 2026-09-24 12:00:00 UTC (moving house) (2 jobs now)\n"
    )
    wish = {"tag": "night", "note": "moving house", "until": to_ms(LATER)}
    assert daemon.posted == [("/api/v1/pauses", wish)]


def test_resume_of_all_ends_everything(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/pauses/resume", {"pauses": []})

    assert run_rota("resume", "--all", "--catch-up").output == "all jobs: resumed\n"
    assert daemon.posted == [("/api/v1/pauses/resume", {"all": True, "catchUp": True})]


def test_resume_of_a_job_that_its_tag_holds_says_what_to_do(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/jobs/backup/resume", a_job(a_pause("tag:night")))

    result = run_rota("resume", "backup")

    assert result.exit_code == 1
    assert result.stderr == (
        "rota: backup is still paused with all jobs tagged night: rota resume --tag night\n"
    )


def test_resume_of_a_tag_names_what_is_still_paused(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/pauses/resume", {"pauses": []})
    listed = {"jobs": [a_job(a_pause())], "total": 1, "nextCursor": None}
    daemon.says("/api/v1/jobs?tag=night&limit=200", listed)

    result = run_rota("resume", "--tag", "night")

    assert result.stdout == "all jobs tagged night: resumed\n"
    assert result.stderr == "rota: still paused otherwise: backup\n"


def test_skip_says_which_run_will_be_skipped(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    wish = {"at": to_ms(LATER), "askedAt": to_ms(NOW), "note": ""}
    daemon.says("/api/v1/jobs/backup/skip", a_job(skipNext=wish))

    result = run_rota("skip", "backup")

    assert result.output == "backup: the run at 2026-09-24 12:00:00 UTC will be skipped\n"
    assert daemon.posted == [("/api/v1/jobs/backup/skip", {})]


def test_skip_of_a_run_that_nobody_can_date_yet(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    wish = {"at": None, "askedAt": to_ms(NOW), "note": "x"}
    daemon.says("/api/v1/jobs/backup/skip", a_job(skipNext=wish))

    assert run_rota("skip", "backup", "--note", "x").output == "backup: the next run will be skipped\n"


def test_skip_is_taken_back(run_rota: Rota, daemon: ScriptedDaemon) -> None:
    daemon.says("/api/v1/jobs/backup/skip", a_job())

    assert run_rota("skip", "backup", "--undo").output == "backup: the next run will not be skipped\n"
    assert daemon.posted == [("/api/v1/jobs/backup/skip", {"undo": True})]
    assert run_rota("skip", "backup", "--undo", "--note", "x").exit_code == 2
