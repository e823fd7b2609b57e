"""What a job tells of itself while it runs, and how much of it is kept.

None of it changes the state of the run.
"""

from __future__ import annotations

from rota.core import happenings as h
from rota.core import step_life
from rota.core.attempt_life import attempts_with, concerned, require, waits
from rota.core.changed import changed
from rota.core.progress import of_steps
from rota.core.run import Attempt, Progress, Run

OUTPUTS_LIMIT = 64
OUTPUT_BYTES_LIMIT = 64 * 1024
WARNINGS_LIMIT = 50

Telling = (
    h.Progressed | h.StatusTold | h.TimeoutMoved | h.StepAnnounced | h.OutputSet | h.ErrorTold | h.LogRead
)


def progressed(happening: h.Progressed, run: Run) -> Run:
    attempt = _telling_attempt(run, happening)
    if not step_life.listed(run.steps):
        return changed(run, progress=happening.progress)
    steps = step_life.progressed(run.steps, attempt.step, happening.progress)
    return changed(run, steps=steps, progress=of_steps(steps))


def status_told(happening: h.StatusTold, run: Run) -> Run:
    attempt = _telling_attempt(run, happening)
    step = run.step(attempt.step) if step_life.listed(run.steps) else None
    before = run.progress if step is None else step.progress
    return progressed(h.Progressed(progress=changed(before, text=happening.text), attempt=attempt.id), run)


def timeout_moved(happening: h.TimeoutMoved, run: Run) -> Run:
    attempt = _telling_attempt(run, happening)
    return changed(run, attempts=attempts_with(run, attempt, timeout_at=happening.timeout_at))


def step_announced(happening: h.StepAnnounced, run: Run) -> Run:
    attempt = _telling_attempt(run, happening)
    if not step_life.listed(run.steps):
        if _is_one_too_many(run, happening.key):
            run = _warned_once(f"at most {step_life.ANNOUNCED_LIMIT} steps: further ones are not kept", run)
        return changed(
            run, steps=step_life.announced(run.steps, happening.key, happening.title, happening.at)
        )
    # The listed steps are the plan; what one of them announces is told as its text.
    step = run.step(attempt.step)
    before = Progress() if step is None else step.progress
    return progressed(h.Progressed(progress=changed(before, text=happening.title), attempt=attempt.id), run)


def output_set(happening: h.OutputSet, run: Run) -> Run:
    attempt = _telling_attempt(run, happening)
    result = {**run.result, happening.key: happening.value}
    size = sum(len(f"{key}{value}".encode("utf-8", "replace")) for key, value in result.items())
    if len(result) > OUTPUTS_LIMIT or size > OUTPUT_BYTES_LIMIT:
        limit = f"at most {OUTPUTS_LIMIT} outputs and {OUTPUT_BYTES_LIMIT // 1024} KiB a run"
        return warned(h.Warned(text=f"output {happening.key} was dropped: {limit}"), run)
    steps = step_life.with_output(run.steps, attempt.step, happening.key, happening.value)
    return changed(run, result=result, steps=steps)


def warned(happening: h.Warned, run: Run) -> Run:
    if len(run.warnings) >= WARNINGS_LIMIT:
        return run
    last = len(run.warnings) == WARNINGS_LIMIT - 1
    return changed(run, warnings=(*run.warnings, "further warnings are not kept" if last else happening.text))


def error_told(happening: h.ErrorTold, run: Run) -> Run:
    """Kept as the attempt's message: if it fails, these words say why."""
    attempt = _telling_attempt(run, happening)
    return changed(run, attempts=attempts_with(run, attempt, message=happening.text))


def log_read(happening: h.LogRead, run: Run) -> Run:
    attempt = _telling_attempt(run, happening)
    require(run, happening.offset >= attempt.log_offset, happening)
    attempts = attempts_with(run, attempt, log_offset=happening.offset, log_line=happening.line)
    return changed(run, attempts=attempts)


def _is_one_too_many(run: Run, key: str) -> bool:
    return len(run.steps) >= step_life.ANNOUNCED_LIMIT and all(step.key != key for step in run.steps)


def _warned_once(text: str, run: Run) -> Run:
    return run if text in run.warnings else warned(h.Warned(text=text), run)


def _telling_attempt(run: Run, happening: Telling) -> Attempt:
    # PENDING too: one whose start was never recorded may have left a log.
    attempt = concerned(run, happening.attempt, happening)
    require(run, not waits(attempt), happening)
    return attempt
