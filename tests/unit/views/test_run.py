from __future__ import annotations

from datetime import timedelta
from typing import Any

from fakes.jobs import a_job
from fakes.views import NOW, a_board, a_run, an_ended_run, checked, of_type, titles
from rota.core.instant import to_ms
from rota.core.log_page import LogLine, LogPage
from rota.core.model import CONDITION, Expect
from rota.core.run import Attempt, Progress, Reason, Run, RunState, Step, StepState, TriggeredBy
from rota.core.seams import RunBar
from rota.views.run import RunView, run_page
from rota_catalog.tree import Document


def a_log(*texts: str, end: bool = False) -> LogPage:
    lines = [LogLine(n=n, at=NOW, text=text) for n, text in enumerate(texts)]
    return LogPage(lines=lines, next=len(lines), end=end)


def the_page(run: Run, log: LogPage | None = None, **view: Any) -> Document:
    settings: dict[str, Any] = {
        "entry": a_board(a_job("backup")).jobs["backup"],
        "attempt": run.current_attempt,
    }
    return checked(run_page(f"run/{run.id}", RunView(run=run, log=log, **(settings | view)), now=NOW))


def offers(document: Document) -> dict[str, str | None]:
    return {action["do"]: action.get("disabled") for action in document.elements["page"]["actions"]}


def test_a_failed_run_begins_with_its_cause_and_last_words() -> None:
    run = an_ended_run(RunState.FAILED, message="exit code 3 on attempt 2 of 2")

    page = the_page(run, a_log("connecting", "", "connection refused", end=True))

    assert page.elements["page"]["children"][0] == "attention"
    cause = page.elements["cause"]["props"]
    assert cause["message"] == "exit code 3 on attempt 2 of 2"
    assert cause["lastLines"] == ["connecting", "connection refused"]


def test_a_run_without_message_tells_its_exit_code() -> None:
    run = an_ended_run(RunState.FAILED, exit_code=3, max_attempts=2, attempt=2)

    cause = the_page(run, a_log()).elements["cause"]["props"]

    assert (cause["exitCode"], cause["attempt"], cause["maxAttempts"]) == (3, 2, 2)


def test_a_run_ended_by_a_signal_names_it() -> None:
    attempt = Attempt(id="a", created_at=NOW, state=StepState.FAILED, signal=9)

    run = an_ended_run(RunState.FAILED, attempts=(attempt,))

    assert the_page(run, a_log()).elements["cause"]["props"]["signal"] == "SIGKILL"


def test_the_number_of_a_process_is_a_name_and_not_a_quantity() -> None:
    attempt = Attempt(id="a", created_at=NOW, state=StepState.FAILED, pid=20_191, user="app")

    page = the_page(an_ended_run(RunState.FAILED, attempts=(attempt,)), a_log())

    facts = [row for element in of_type(page, "KeyValue") for row in element["props"]["rows"]]
    assert {"key": "Process", "value": "20191", "note": "user app"} in facts


def test_a_running_run_shows_steps_progress_and_log() -> None:
    steps = (
        Step(
            key="dump",
            title="Dump",
            state=StepState.COMPLETED,
            started_at=NOW - timedelta(minutes=1),
            ended_at=NOW,
        ),
        Step(
            key="verify",
            state=StepState.RUNNING,
            started_at=NOW,
            progress=Progress(current=1, total=2, text="half"),
        ),
        Step(key="prune"),
    )

    page = the_page(a_run(steps=steps, progress=Progress(current=50, total=100)), a_log("hello"))

    list_ = page.elements["steps.list"]["props"]
    assert [step["state"] for step in list_["steps"]] == ["completed", "running", "pending"]
    assert (list_["current"], list_["steps"][1]["value"], list_["steps"][0]["durationMs"]) == (
        "verify",
        0.5,
        60_000,
    )
    assert page.elements["progress"]["props"]["stepText"] == "step 2 of 3: verify, half"
    assert of_type(page, "LogTail")[0]["props"]["stream"] == "log/backup.1/main.1"
    assert offers(page) == {"run.retry": "active", "run.cancel": None}
    assert titles(page) == ["Details", "Steps", "Log"]


def test_the_eta_comes_from_the_usual_length() -> None:
    entry = a_board(a_job("backup")).jobs["backup"]
    entry.bars.extend(
        RunBar(number=n, state=RunState.COMPLETED, at=NOW, duration_ms=120_000) for n in range(1, 4)
    )

    bar = the_page(a_run(number=4), a_log(), entry=entry).elements["progress"]["props"]

    assert (bar["etaAt"], bar["expectMs"]) == (to_ms(NOW + timedelta(minutes=1)), 120_000)


def test_a_run_that_will_be_tried_again_says_when() -> None:
    run = a_run(state=RunState.RETRYING, next_attempt_at=NOW + timedelta(minutes=1), max_attempts=4)

    page = the_page(run, a_log())

    assert page.elements["next-attempt"]["props"] == {
        "at": to_ms(NOW + timedelta(minutes=1)),
        "label": "Attempt 2 of 4",
    }
    assert offers(page) == {"run.retry": None, "run.cancel": None}


def test_what_was_asked_to_stop_says_so() -> None:
    page = the_page(a_run(cancel_requested_at=NOW), a_log())

    assert page.elements["phase"]["props"]["reason"] == "asked to stop"
    assert offers(page)["run.cancel"] == "already_requested"


def test_a_completed_run_offers_neither_retry_nor_cancel() -> None:
    assert offers(the_page(an_ended_run(), a_log(end=True))) == {
        "run.retry": "not_retryable", "run.cancel": "not_active",
    }  # fmt: skip


def test_attempts_lead_to_their_logs() -> None:
    attempts = tuple(
        Attempt(
            id=f"a{n}", n=n, created_at=NOW, started_at=NOW, state=StepState.FAILED, message="exit code 1"
        )
        for n in (1, 2)
    )

    page = the_page(an_ended_run(RunState.FAILED, attempts=attempts), a_log("x"))

    rows = page.elements["attempts.table"]["props"]["rows"]
    assert [row["href"] for row in rows] == [
        "/runs/backup.1?attempt=2&step=main#h-log",
        "/runs/backup.1?attempt=1&step=main#h-log",
    ]
    assert rows[0]["note"] == "exit code 1 (log below)"


def test_a_long_log_shows_its_end() -> None:
    page = the_page(a_run(), a_log(*(f"line {n}" for n in range(80))))

    entries = of_type(page, "LogEntry")
    assert (len(entries), entries[0]["props"]["n"]) == (50, 30)
    assert of_type(page, "LogTail")[0]["props"]["total"] == 80


def test_a_skipped_run_has_no_log_and_says_why() -> None:
    run = an_ended_run(
        RunState.SKIPPED, reason=Reason.OVERLAP, message="backup.1 is still running", attempts=(), count=3
    )

    page = the_page(run)

    assert page.elements["phase"]["props"]["reason"] == "backup.1 is still running"
    assert of_type(page, "LogTail") == []
    assert any(
        row["key"] == "Due instants" and row["value"] == 3
        for row in page.elements["details.facts"]["props"]["rows"]
    )


def test_a_run_that_waits_says_that_it_has_not_started() -> None:
    run = a_run(state=RunState.PENDING, reason=Reason.QUEUED, started_at=None, attempts=(), attempt=0)

    assert of_type(the_page(run), "Empty")[0]["props"]["hint"] == "It has not started yet."


def test_outputs_parameters_and_warnings_are_shown() -> None:
    run = an_ended_run(result={"size": "12"}, params={"dry": True}, warnings=("replica is late",))

    page = the_page(run, a_log(end=True))

    assert page.elements["result.facts"]["props"]["rows"] == [{"key": "size", "value": "12"}]
    assert page.elements["params.facts"]["props"]["rows"] == [{"key": "dry", "value": "true"}]
    assert page.elements["warning.0"]["props"]["body"] == "replica is late"


def test_a_retry_leads_to_the_run_it_retries_and_neighbours_are_linked() -> None:
    run = an_ended_run(number=5, triggered_by=TriggeredBy.RETRY, retry_of="backup.3")

    page = the_page(run, a_log(end=True), previous="backup.4", next="backup.6")

    first = page.elements["details.facts"]["props"]["rows"][0]
    assert (first["value"], first["href"]) == ("retry of backup.3", "/runs/backup.3")
    assert [link["props"]["href"] for link in of_type(page, "Link")] == ["/runs/backup.4", "/runs/backup.6"]


def test_a_run_whose_job_left_the_files_is_still_shown() -> None:
    page = the_page(an_ended_run(), a_log("x", end=True), entry=None)

    assert page.elements["page"]["props"]["title"] == "backup.1"


def test_hostile_text_from_a_job_passes_as_text() -> None:
    text = "<script>alert(1)</script>\x1b[31m" + "x" * 10_000

    page = the_page(an_ended_run(RunState.FAILED, message=text[:8000]), a_log(text))

    assert of_type(page, "LogEntry")[0]["props"]["text"].startswith("<script>")


def a_run_in_steps() -> Run:
    done = Step(key="dump", title="Dump it", state=StepState.COMPLETED, attempt=1)
    now = Step(key="send", title="Send it", state=StepState.RUNNING, attempt=1)
    later = Step(key="tidy", state=StepState.PENDING)
    attempts = (
        Attempt(id="a", step="dump", created_at=NOW, state=StepState.COMPLETED, exit_code=0),
        Attempt(id="b", step="send", created_at=NOW, state=StepState.RUNNING),
    )
    return a_run(steps=(done, now, later), attempts=attempts, exit_code=0)


def test_each_step_that_began_leads_to_its_log_and_the_one_shown_is_marked() -> None:
    page = the_page(a_run_in_steps(), a_log("hello"))

    steps = page.elements["steps.list"]["props"]
    assert [step.get("href") for step in steps["steps"]] == [
        "/runs/backup.1?attempt=1&step=dump#h-log",
        "/runs/backup.1?attempt=1&step=send#h-log",
        None,
    ]
    assert steps["shown"] == "send"
    assert page.elements["log"]["props"]["note"] == "Send it"
    assert "attempts" not in page.elements


def test_from_an_older_log_there_is_a_way_back_to_the_newest() -> None:
    run = a_run_in_steps()

    page = the_page(run, a_log("hello"), attempt=run.attempts[0])

    assert page.elements["steps.list"]["props"]["shown"] == "dump"
    assert page.elements["log.newest"]["props"]["href"] == "/runs/backup.1#h-log"


def test_the_exit_code_of_an_earlier_step_is_not_told_while_another_runs() -> None:
    rows = the_page(a_run_in_steps(), a_log()).elements["details.facts"]["props"]["rows"]

    assert "Exit code" not in [row["key"] for row in rows]


def test_without_lines_no_count_of_lines_is_told() -> None:
    page = the_page(a_run(), LogPage(lines=[], next=7, end=False))

    assert "total" not in of_type(page, "LogTail")[0]["props"]


def test_a_queued_run_waits_for_its_turn() -> None:
    run = a_run(state=RunState.PENDING, reason=Reason.QUEUED, message="", attempts=(), started_at=None)

    page = the_page(run)

    assert page.elements["phase"]["props"]["reason"] == "waits for its turn"
    assert offers(page) == {"run.retry": "not_retryable", "run.cancel": None}


def test_a_run_in_line_says_what_it_waits_for_now() -> None:
    run = a_run(
        state=RunState.PENDING, reason=Reason.QUEUED, message="old words", attempts=(), started_at=None
    )

    page = the_page(run, waits_for="waits for the pool db: b.1 is before it in line")

    reason = page.elements["phase"]["props"]["reason"]
    assert reason == "waits for the pool db: b.1 is before it in line"


def test_a_run_skipped_by_its_condition_shows_what_that_printed() -> None:
    attempt = Attempt(id="a", step=CONDITION, created_at=NOW, started_at=NOW, state=StepState.SKIPPED)
    run = an_ended_run(RunState.SKIPPED, reason=Reason.CONDITION, attempts=(attempt,), started_at=None)

    page = the_page(run, a_log("no such file", end=True))

    log = page.elements["log"]["props"]
    assert (log["title"], log["note"]) == ("Log", "of the condition")


def test_the_log_of_a_condition_that_was_met_can_be_reached() -> None:
    asked = Attempt(id="a", step=CONDITION, created_at=NOW, started_at=NOW, state=StepState.COMPLETED)
    work = Attempt(id="b", created_at=NOW, started_at=NOW, state=StepState.RUNNING)

    page = the_page(a_run(attempts=(asked, work)), a_log("x"))

    assert "Attempts" in titles(page)


def test_a_run_that_takes_longer_than_expected_says_so_while_it_runs() -> None:
    spec = a_job("backup", expect=Expect(longest=timedelta(seconds=30)))
    entry = a_board(spec).jobs["backup"]

    page = the_page(a_run(), a_log("x"), entry=entry)

    assert page.elements["overdue"]["props"]["body"] == "It takes longer than the 30 s expected."
    assert "overdue" not in the_page(an_ended_run(), a_log("x"), entry=entry).elements
