"""What an examination found of one thing that rota needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rota.core.board import HealthState


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`note` is how it is, for people; `hint` what to do, "" when nothing is to be done."""

    key: str
    label: str
    state: HealthState = HealthState.OK
    note: str = ""
    hint: str = ""


def worst(findings: Iterable[Finding]) -> HealthState:
    """The state of all of them together."""
    states = {finding.state for finding in findings}
    for state in (HealthState.FAILED, HealthState.WARN):
        if state in states:
            return state
    return HealthState.OK
