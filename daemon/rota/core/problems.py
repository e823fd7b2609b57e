"""What is wrong with a job file, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["error", "warning"]

DEFAULTS = frozenset({"_defaults.yaml", "_defaults.yml"})  # files that speak for all jobs of their folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem at one place. `line` and `column` count from 1; `path` is the JSON pointer inside the file.

    `message` says what is wrong and what was expected; `hint` says what to do ("did you mean …"). `rule` is
    the stable name of this kind of problem; `config.rules` explains each.
    """

    file: str
    line: int
    column: int
    message: str
    path: str = ""
    hint: str | None = None
    severity: Severity = "error"
    rule: str = "job-file"

    @property
    def scope(self) -> str:
        """Whose jobs it is about: a file, or the folder for which a file of defaults speaks."""
        folder, _, name = self.file.rpartition("/")
        return folder if name in DEFAULTS else self.file

    def of_rule(self, rule: str) -> Problem:
        """The same, as a problem of that kind."""
        return replace(self, rule=rule)

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message}{hint}"
