"""How the git program is asked: in no checkout does it start anything else, fetch anything, or ask people."""

from __future__ import annotations

import os
from collections.abc import Mapping

# What a repository could make git start while it only looks: a monitor of files, hooks, and the settings of
# a bare repository that is part of the files checked out.
GIT = (
    "git",
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "safe.bareRepository=explicit"),
)


def environ() -> Mapping[str, str]:
    """Ours, without what a hook or another git command says about a repository of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
