"""Jobs of every kind that are due all the time, and say in a file of their own what they do.

The witness is a file outside of everything that is killed: each attempt appends a line when it begins and
one when it ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

CONFIG = "pools: {narrow: 2}\n"
LINES = 5  # that a long job writes, half a second apart
ATTEMPTS = 3  # that what is tried again has, by job and step
BACKOFF = 1  # seconds between two of them
TRIED_AGAIN = (("retrying", "main"), ("graphed", "three"))  # fails once, on purpose
NEEDS = {  # of the steps of a job: who comes after whom
    "stepped": {"two": ("one",), "three": ("one", "two")},
    "graphed": {"two": ("one",), "three": ("one",), "four": ("one", "two", "three")},
}
PATIENT = "overlap: queue, queue: 100"
POOLED = ("pooled-0", "pooled-1")
LOCKED = ("locked-0", "locked-1")
CHAIN = {"second": "first", "third": "second"}  # job -> whose end makes it due
REPLACING = "replacing"
BATCHED = "batched"
ITEMS = ("a", "b", "c", "d", "e")
AT_ONCE = 2  # children of one run
LEFT_FOR = 987_654  # seconds that what a job leaves behind would live
_POLICY = f"{{attempts: {ATTEMPTS}, delay: {BACKOFF}s, on: [failed, unknown]}}"
_FAILS_ONCE = 'says end; test "$ROTA_ATTEMPT" -gt 1; exit'


class Kind(NamedTuple):
    """One job file: `seconds` between two due instants, None when other jobs make it due."""

    text: str
    seconds: int | None


def jobs(witness: Path) -> dict[str, Kind]:
    """Every job of the load, by its id."""
    said = _said(witness)
    quick = {f"quick-{n}": _kind(1, _run(said, ":")) for n in range(4)}
    lines = f"for n in $(seq {LINES}); do echo line $n; sleep 0.5; done"
    long = {f"long-{n}": _kind(5, _run(said, lines)) for n in range(2)}
    pooled = {job: _kind(2, _run(said, "sleep 0.2"), "pool: narrow") for job in POOLED}
    locked = {job: _kind(2, _run(said, "sleep 0.1"), "lock: only") for job in LOCKED}
    chain = {job: _after(upstream, _run(said, ":")) for job, upstream in CHAIN.items()}
    return {
        **quick,
        **long,
        **pooled,
        **locked,
        "first": _kind(2, _run(said, ":")),
        **chain,
        "retrying": _kind(4, _retrying(said)),
        "stepped": _kind(3, _stepped(said)),
        "graphed": _kind(4, _graphed(said)),
        REPLACING: _replacing(said),
        BATCHED: _kind(5, _batched(said)),
        "leaving": _kind(10, _run(said, f"(setsid sleep {LEFT_FOR} &) ; (sleep {LEFT_FOR} &)")),
    }


def _kind(seconds: int, work: str, shares: str = "max: 4") -> Kind:
    text = f"schedule: {{every: {seconds}s}}\nmissed: all\nconcurrency: {{{shares}, {PATIENT}}}\n{work}"
    return Kind(text, seconds)


def _replacing(said: str) -> Kind:
    """Each run takes longer than it is until the next one takes its place."""
    text = "schedule: {every: 2s}\nmissed: latest\nconcurrency: {overlap: replace}\n"
    return Kind(f"{text}run: |\n  {said}\n  trap 'says end' EXIT\n  sleep 3\n", 2)


def _after(upstream: str, work: str) -> Kind:
    text = f"schedule: {{after: {upstream}}}\nmissed: all\nconcurrency: {{max: 4, {PATIENT}}}\n{work}"
    return Kind(text, None)


def _said(witness: Path) -> str:
    words = "$ROTA_JOB $ROTA_RUN ${ROTA_STEP:-main} $ROTA_ATTEMPT $ROTA_ATTEMPT_ID ${ITEM:--}"
    return f'says() {{ echo "{words} $1 ${{EPOCHREALTIME/./}}" >> {witness}; }}; says begin'


def _run(said: str, work: str) -> str:
    return f"run: |\n  {said}\n  {work}\n  says end\n"


def _retrying(said: str) -> str:
    """Fails once; an end that nobody saw is tried again as well."""
    return f"retry: {_POLICY}\n" + _run(said, _FAILS_ONCE)


def _stepped(said: str) -> str:
    """Its last step fails unless it is told what the first one put out."""
    return f"""steps:
  - id: one
    run: |
      {said}
      echo "::output mark=$ROTA_RUN"
      says end
  - id: two
    run: |
      {said}
      sleep 0.3
      says end
  - id: three
    run: |
      {said}
      test "$STEPS_ONE_OUTPUTS_MARK" = "$ROTA_RUN"
      says end
"""


def _batched(said: str) -> str:
    work = f"{said}\n    sleep 0.2\n    says end"
    return f"batch:\n  items: [{', '.join(ITEMS)}]\n  at_once: {AT_ONCE}\n  run: |\n    {work}\n"


def _graphed(said: str) -> str:
    """Two branches side by side, of which one is tried again; their outputs meet in the last step."""
    return f"""steps:
  - id: one
    run: |
      {said}
      echo "::output mark=$ROTA_RUN"
      says end
  - id: two
    needs: [one]
    run: |
      {said}
      sleep 0.5
      echo "::output mark=$STEPS_ONE_OUTPUTS_MARK"
      says end
  - id: three
    needs: [one]
    retry: {_POLICY}
    run: |
      {said}
      {_FAILS_ONCE}
  - id: four
    needs: [two, three]
    run: |
      {said}
      test "$STEPS_TWO_OUTPUTS_MARK" = "$ROTA_RUN"
      says end
"""
