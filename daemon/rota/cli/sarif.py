"""Problems of job files as SARIF 2.1.0, which code-scanning services read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from rota.config.rules import help_of
from rota.core.problems import Problem

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "ROOT"


def sarif(problems: Sequence[Problem], root: Path) -> dict[str, object]:
    """The whole log. Files below `root` are named relative to it."""
    rules = sorted({problem.rule for problem in problems})
    driver = {"name": "rota", "version": version("rota"), "rules": [_rule(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"uri": f"{root.absolute().as_uri().rstrip('/')}/"}},
        "results": [_result(problem, rules, root) for problem in problems],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: str) -> dict[str, object]:
    return {
        "id": rule,
        "name": "".join(word.capitalize() for word in rule.split("-")),
        "shortDescription": {"text": help_of(rule)},
        "help": {"text": help_of(rule)},
    }


def _result(problem: Problem, rules: list[str], root: Path) -> dict[str, object]:
    message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    location = {
        "physicalLocation": {
            "artifactLocation": _artifact(problem.file, root),
            "region": {"startLine": problem.line, "startColumn": problem.column},
        }
    }
    return {
        "ruleId": problem.rule,
        "ruleIndex": rules.index(problem.rule),
        "level": problem.severity,
        "message": {"text": message},
        "locations": [location],
        "partialFingerprints": {"rota/v1": _fingerprint(problem)},
    }


def _artifact(file: str, root: Path) -> dict[str, object]:
    absolute = os.path.abspath(file)  # noqa: PTH100
    if Path(absolute).is_relative_to(root.absolute()):
        return {"uri": quote(os.path.relpath(absolute, root)), "uriBaseId": _ROOT}
    return {"uri": Path(absolute).as_uri()}


def _fingerprint(problem: Problem) -> str:
    """The same as long as the problem is, also when lines above it come and go."""
    text = "\n".join((problem.file, problem.path, problem.rule, problem.message))
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
