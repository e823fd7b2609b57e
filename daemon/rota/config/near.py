"""Near misses: what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

# Words of other schedulers, and what holds them here.
_ELSEWHERE = {
    "name": "title",
    "displayname": "title",
    "isenabled": "enabled",
    "cron": "schedule: {cron: …}",
    "cronexpression": "schedule: {cron: …}",
    "every": "schedule: {every: …}",
    "at": "schedule: {at: …}",
    "timezone": "schedule: {timezone: …}",
    "command": "run",
    "cmd": "run",
    "script": "run",
    "shellcommand": "run",
    "tz": "timezone",
    "interval": "every",
    "on": "after: {all: […], on: …}",
    "jitter": "spread",
    "randomizeddelaysec": "spread",
    "exclude": "except",
    "excludes": "except",
    "timing": "schedule",
    "when": "schedule",
    "triggers": "schedule",
    "crontab": "schedule: {cron: …}",
    "concurrencypolicy": "concurrency: {overlap: …}",
    "maxretries": "retry: {attempts: …}",
    "retrydelay": "retry: {delay: …}",
    "delayseconds": "delay",
    "maxrunning": "concurrency: {max: …}",
    "workingdir": "cwd",
    "mailto": "owner",
    "labels": "tags",
    "dependson": "schedule: {after: …}",
    "depends": "schedule: {after: …}",
    "hostname": "hosts",
    "host": "hosts",
    "disabled": "enabled",
    "active": "enabled",
    "stages": "steps",
    "tasks": "steps",
    "attempts": "retry: {attempts: …}",
    "retries": "retry: {attempts: …}",
    "maxattempts": "retry: {attempts: …}",
    "timeout": "limits: {timeout: …}",
    "timeoutseconds": "limits: {timeout: …}",
    "grace": "limits: {grace: …}",
    "batchsize": "batch: {max_items: …}",
    "foreach": "batch: {items: …}",
    "maxconcurrent": "concurrency: {max: …}",
    "overlap": "concurrency: {overlap: …}",
    "parameters": "params",
    "environment": "env",
    "workdir": "cwd",
    "workingdirectory": "cwd",
    "backoffstrategy": "backoff",
    "initialdelayseconds": "delay",
    "maxdelayseconds": "max_delay",
}
# What other tools call a policy.
_WORDS_ELSEWHERE = {
    "forbid": "skip",
    "deny": "skip",
    "ignore": "skip",
    "wait": "queue",
    "allow": "queue",
    "runonce": "latest",
    "once": "latest",
    "coalesce": "latest",
    "constant": "fixed",
    "error": "failed",
    "success": "completed",
}
_FIRST_WORD = re.compile(r"\w+")
_ODD_EDGES = "\u00a0\u2007\u202f\u200b\ufeff“”‘’\"'"


def key(written: str, known: Iterable[str]) -> str | None:
    """A hint for a key that is not known, or None when nothing is near."""
    keys = list(known)
    if written == "<<":
        return "YAML 1.2 knows no merge keys: what jobs share goes into _defaults.yaml"
    bare = written.strip(_ODD_EDGES)
    if bare in keys:
        return f'did you mean "{bare}"? It has quotes or spaces around it that YAML does not know'
    here = elsewhere(written, keys) or word(written, keys)
    return here or _elsewhere(
        next(iter(get_close_matches(_bare(written), _ELSEWHERE, n=1, cutoff=0.8)), ""), keys
    )


def word(written: str, known: Iterable[str]) -> str | None:
    """A hint for a word that is none of the known ones, or None when nothing is near."""
    words = {each.lower(): each for each in known}
    plain = written.lower().replace("-", "_")
    begun = [each for each in words if len(plain) > 2 and each.startswith(plain)]
    meant = _WORDS_ELSEWHERE.get(_bare(written))
    if plain in words:
        near = [plain]
    elif meant in words:
        near = [meant]
    else:
        near = get_close_matches(written.lower(), words, n=1, cutoff=0.6) if len(written) > 2 else []
        near = near or begun[:1]
    return f'did you mean "{words[near[0]]}"?' if near else None


def elsewhere(written: str, known: Iterable[str]) -> str | None:
    """A hint for a key that other schedulers have for something that is known here."""
    return _elsewhere(_bare(written), list(known))


def _elsewhere(bare: str, keys: list[str]) -> str | None:
    found = _ELSEWHERE.get(bare)
    holder = _FIRST_WORD.match(found) if found else None
    if found is None or holder is None or holder[0] not in keys:
        return None
    return f'did you mean "{found}"?' if found == holder[0] else f"did you mean `{found}`?"


def _bare(written: str) -> str:
    return written.lower().replace("_", "").replace("-", "")
