"""What a rendering says, whatever it looks like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One thing that a reader meets: `heading 1` Overview, `state` failed, `button` Retry, in reading order.

    `value` is where a link leads, how far a progress bar is in steps of 5 percent, or `disabled`.
    `owner` is the id of the element it belongs to.
    """

    role: str
    name: str = ""
    value: str = ""
    owner: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.role, self.name, self.value) if part)
