"""Ids of elements and addresses of pages, from the names of jobs and runs."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from rota_catalog.tree import segment

_RESERVED = ("constructor", "prototype")


def job_element(job: str, *parts: str) -> str:
    """The id of a job's element: `job.backup.history`."""
    return ".".join(("job", key(job), *parts))


def key(name: str) -> str:
    """The name as one segment of an element id; no job is called with a trailing underscore."""
    slug = segment(name)
    return f"{slug}_" if slug in _RESERVED else slug


def job_path(job: str, **query: str) -> str:
    return _path(f"/jobs/{quote(job)}", query)


def run_path(run: str, **query: str) -> str:
    return _path(f"/runs/{quote(run)}", query)


def overview_path(**query: str) -> str:
    return _path("/", query)


def raw_log_path(run: str, *, step: str, attempt: int) -> str:
    return _path(f"/api/v1/runs/{quote(run)}/log.txt", {"attempt": str(attempt), "step": step})


def _path(path: str, query: dict[str, str]) -> str:
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
