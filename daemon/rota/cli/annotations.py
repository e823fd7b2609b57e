"""Problems of job files as GitHub shows them beside the lines of a pull request."""

from __future__ import annotations

from rota.core.problems import Problem


def annotation(problem: Problem) -> str:
    """One workflow command: `::error file=…,line=…,col=…,title=…::message`."""
    message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    members = {
        "file": problem.file,
        "line": str(problem.line),
        "col": str(problem.column),
        "title": f"rota: {problem.rule}",
    }
    told = ",".join(f"{name}={_property(value)}" for name, value in members.items())
    return f"::{problem.severity} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
