"""Whatever happens to a run, in whatever order: it stays in a known state, and its end is its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fakes.jobs import a_job
from rota.core import happenings as h
from rota.core.attempt_life import ImpossibleChange, open_attempts
from rota.core.lifecycle import TRANSITIONS, apply, new_run, next_step
from rota.core.model import Retry
from rota.core.outcome import Outcome
from rota.core.run import Progress, Reason, RunState, StepState, TriggeredBy

AT = datetime(2026, 1, 1, tzinfo=UTC)
STEPS = st.sampled_from([(), ("dump",), ("dump", "verify", "prune")])
WHENS = st.sampled_from(["success", "failure", "always", "{{ steps.dump.state == 'failed' }}"])
OUTCOMES = st.sampled_from(
    [
        Outcome(state=StepState.COMPLETED, reason=Reason.EXIT, message="completed", exit_code=0),
        Outcome(state=StepState.FAILED, reason=Reason.EXIT, message="exit code 1", exit_code=1),
        Outcome(state=StepState.FAILED, reason=Reason.UNKNOWN, message="nobody saw it"),
        Outcome(state=StepState.CANCELLED, reason=Reason.CANCELLED, message="cancelled"),
        Outcome(state=StepState.SKIPPED, reason=Reason.EXIT_CODE, message="skipped"),
    ]
)


class RunMachine(RuleBasedStateMachine):
    @initialize(
        steps=STEPS,
        whens=st.lists(WHENS, min_size=3, max_size=3),
        restart=st.booleans(),
        queued=st.booleans(),
    )
    def begin(self, steps: tuple[str, ...], whens: list[str], restart: bool, queued: bool) -> None:
        self.spec = a_job(steps=steps, retry=Retry(attempts=4, restart=restart))
        own = (Retry(attempts=2), None, None)
        made = zip(self.spec.steps, ["success", *whens], own, strict=False)
        listed = tuple(replace(step, when=when, retry=retry) for step, when, retry in made)
        self.spec = replace(self.spec, steps=listed if steps else self.spec.steps)
        opening = h.Opening(at=AT, triggered_by=TriggeredBy.SCHEDULE, due_at=AT, queued=queued)
        self.run = replace(new_run(self.spec, opening), number=1)
        self.before = self.run

    @rule()
    def plan(self) -> None:
        self.happens(h.Planned(spec=self.spec))

    @rule()
    def pass_over(self) -> None:
        self.happens(h.PassedOver(at=AT))

    @rule(steps=STEPS)
    def plan_again(self, steps: tuple[str, ...]) -> None:
        self.happens(h.Replanned(at=AT, spec=a_job(steps=steps, version="2", retry=self.spec.retry)))

    @rule()
    def release(self) -> None:
        self.happens(h.Released())

    @rule()
    def create(self) -> None:
        n = len(self.run.attempts) + 1
        self.happens(
            h.AttemptCreated(
                at=AT,
                id=str(n),
                step=next_step(self.run) or "none",
                boot_id="boot-1",
                definition="hash-1",
                markers=True,
            )
        )

    @rule()
    def start(self) -> None:
        self.happens(h.AttemptStarted(at=AT, pid=1, pid_started=1))

    @rule(outcome=OUTCOMES, again=st.booleans())
    def end(self, outcome: Outcome, again: bool) -> None:
        self.happens(h.AttemptEnded(at=AT, outcome=outcome, next_attempt_at=AT if again else None))

    @rule(current=st.floats(0, 200), total=st.floats(0, 100))
    def progress(self, current: float, total: float) -> None:
        self.happens(h.Progressed(progress=Progress(current=current, total=total)))

    @rule(key=st.sampled_from(["one", "two"]))
    def announce(self, key: str) -> None:
        self.happens(h.StepAnnounced(at=AT, key=key, title=key))

    @rule(key=st.sampled_from(["size", "files"]))
    def output(self, key: str) -> None:
        self.happens(h.OutputSet(key=key, value="1"))

    @rule(happening=st.sampled_from([h.CancelRequested(at=AT), h.RetryNow(at=AT)]))
    def wish(self, happening: h.Happening) -> None:
        self.happens(happening)

    @rule()
    def cancelled(self) -> None:
        self.happens(h.Cancelled(at=AT + timedelta(1)))

    @rule()
    def give_up(self) -> None:
        self.happens(h.GivenUp(at=AT, reason=Reason.REMOVED, message="removed"))

    @rule()
    def skip(self) -> None:
        self.happens(h.Skipped(at=AT, reason=Reason.OVERLAP, message="overlap"))

    def happens(self, happening: h.Happening) -> None:
        self.before = self.run
        try:
            self.run = apply(self.run, happening)
        except ImpossibleChange:
            return

    @invariant()
    def it_moved_along_the_table(self) -> None:
        before, after = self.before.state, self.run.state
        # An attempt that ends before it was seen running passes through RUNNING.
        passed = {after} if after is before else TRANSITIONS[before]
        assert after in passed or (RunState.RUNNING in passed and after in TRANSITIONS[RunState.RUNNING])

    @invariant()
    def its_end_is_its_end(self) -> None:
        assert not self.before.state.is_final or self.run == self.before

    @invariant()
    def what_is_over_has_an_end_a_sentence_and_nothing_under_way(self) -> None:
        if not self.run.state.is_final:
            assert self.run.ended_at is None
            return
        assert self.run.ended_at is not None
        assert self.run.message
        assert self.run.next_attempt_at is None
        assert not open_attempts(self.run)
        assert all(step.state.is_final for step in self.run.steps)

    @invariant()
    def attempts_are_counted_without_gaps(self) -> None:
        for step in {attempt.step for attempt in self.run.attempts}:
            numbers = [attempt.n for attempt in self.run.attempts if attempt.step == step]
            assert numbers == list(range(1, len(numbers) + 1))
        assert sum(not attempt.state.is_final for attempt in self.run.attempts) <= 1
        assert all(attempt.state.is_final for attempt in self.run.attempts[:-1])

    @invariant()
    def no_step_begins_after_a_failure_unless_it_asks_for_it(self) -> None:
        failed = False
        for step in self.run.steps:
            if failed and not step.announced and step.when == "success":
                assert step.state in (StepState.SKIPPED, StepState.PENDING, StepState.CANCELLED)
            failed = failed or step.state is StepState.FAILED
        if self.run.state is RunState.COMPLETED:
            assert not failed

    @invariant()
    def percent_is_a_percentage(self) -> None:
        assert 0 <= self.run.progress.percent <= 100

    @invariant()
    def only_retrying_runs_wait_for_an_attempt(self) -> None:
        assert self.run.next_attempt_at is None or self.run.state is RunState.RETRYING


RunMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestRunLifecycle = RunMachine.TestCase
