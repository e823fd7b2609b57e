"""As whom a job runs: what its `as:` wishes, held against what the runner tells of itself."""

from __future__ import annotations

from rota.core.model import JobSpec, RunAs, Source
from rota.core.problems import Problem
from rota.core.seams import RunnerFacts

FIRST_VERSION = (1, 2)  # of the runner protocol, from which on `as` is understood


def forbidden(spec: JobSpec, facts: RunnerFacts) -> str:
    """Why the daemon must not ask the runner to run that job, a clause; "" when it may."""
    path = spec.source.writable
    if path and facts.is_root:
        return f"group or others can write {path}, and the runner is root: chmod go-w {path}"
    if spec.run_as != RunAs() and not _understands(facts.version):
        known = facts.version or "unknown"
        return f"the runner is too old for `as` (protocol {known}): systemctl reload rota-runner"
    return ""


def obstacle(spec: JobSpec, facts: RunnerFacts) -> str:
    """Why no run of it would start, as far as one can tell: that, or a user whom the runner can't become."""
    user = spec.run_as.user
    why = forbidden(spec, facts)
    if why or not user or user == facts.user or user in facts.users or facts.any_user:
        return why
    if facts.is_root:
        return f"the runner's rules do not name {user}: add it to `users` in /etc/rota/runner.yaml"
    return f"the runner runs as {facts.user} and can't become {user}: a runner of root's could"


def problem_of(source: Source) -> Problem:
    """The same as a problem of its file."""
    return Problem(
        file=source.path,
        line=source.line,
        column=1,
        message=f"group or others can write {source.writable}, and the runner is root: no run starts",
        hint=f"chmod go-w {source.writable}",
        rule="file-mode",
    )


def in_words(wish: RunAs, facts: RunnerFacts | None) -> str:
    """`backup, umask 027, nice 10, I/O idle`; "" when nobody knows anything."""
    user = wish.user or ("" if facts is None else facts.user)
    parts = [user] if user else []
    parts += [f"group {wish.group}"] if wish.group else []
    parts += [] if wish.umask is None else [f"umask {wish.umask:03o}"]
    parts += [] if wish.nice is None else [f"nice {wish.nice}"]
    parts += [f"I/O {wish.io}"] if wish.io else []
    return ", ".join(parts)


def _understands(version: str) -> bool:
    major, _, minor = version.partition(".")
    return major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= FIRST_VERSION
