from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from rota.config import daemon_config
from rota.config.daemon_config import DaemonConfig
from rota.config.parse import Parsed, Surroundings, parse
from rota.config.part import Part
from rota.config.places import Data, Places
from rota.config.retention import retention_in
from rota.core.model import Retention, Source

DAY = timedelta(days=1)


def job(**retention: Data) -> Parsed:
    part = Part(data={"run": "true", "retention": retention}, places=Places(("job.yaml", 0, 0, 0, 0)))
    return parse("job", part, Source(file="job.yaml", line=1), Surroundings())


def test_a_job_says_of_its_own_runs_what_differs() -> None:
    found = job(rows="1d", max_runs=500, failed_logs="12h", max_logs=20)

    assert found.spec is not None
    assert found.spec.retention == Retention(rows=DAY, max_runs=500, failed_logs=DAY / 2, max_logs=20)


def test_a_job_that_is_gone_is_known_by_its_definition() -> None:
    found = job(rows="2d")

    assert found.spec is not None
    assert retention_in(found.spec.definition.text) == Retention(rows=2 * DAY)


def test_a_definition_of_another_rota_says_nothing() -> None:
    for text in ("", "[]", '{"retention": {"rows": "for ever"}}', '{"retention": {"pages": 3}}'):
        assert retention_in(text) == Retention()


def test_more_runs_can_not_be_sure_to_stay_than_may_stay() -> None:
    (problem,) = job(runs=200, max_runs=100).problems

    assert problem.message == "200 runs are to stay in any case, and no more than 100 may stay"
    assert problem.hint == "lower runs, or raise max_runs"


def test_the_daemon_says_what_all_logs_may_take() -> None:
    text = b"retention: {max_runs: 1000, max_logs: 50, logs_size: 20G, logs_share: 25%}\n"

    config = daemon_config.parse(text, "rota.yaml", Path("/etc/rota"))

    assert isinstance(config, DaemonConfig)
    assert (config.retention.logs_size, config.retention.logs_share) == (20 * 2**30, 0.25)
    assert (config.retention.kept.max_runs, config.retention.kept.max_logs) == (1000, 50)


def test_the_daemon_is_held_to_the_same_order() -> None:
    problems = daemon_config.parse(b"retention: {runs: 9, max_runs: 3}\n", "rota.yaml", Path("/"))

    assert isinstance(problems, tuple)
    assert [problem.line for problem in problems] == [1]
