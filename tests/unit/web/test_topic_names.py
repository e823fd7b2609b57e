from __future__ import annotations

import pytest

from rota.web.topic_names import JobTopic, LogTopic, OverviewTopic, RunTopic, parse


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("overview", OverviewTopic()),
        ("overview?page=2&q=backup&state=failed", OverviewTopic(page=2, q="backup", state="failed")),
        ("job/backup", JobTopic(job="backup")),
        ("job/backup?before=41", JobTopic(job="backup", before="41")),
        ("run/backup.12", RunTopic(job="backup", number=12)),
        ("run/backup.12?attempt=2&step=dump", RunTopic(job="backup", number=12, step="dump", attempt=2)),
        ("run/backup.12.3", RunTopic(job="backup.12", number=3)),
        (
            "run/backup.12?before=4.5&state=failed",
            RunTopic(job="backup", number=12, state="failed", before="4.5"),
        ),
        ("log/backup.12.3/main.1", LogTopic(job="backup.12", number=3, step="main", attempt=1)),
        ("log/backup.12/dump.2", LogTopic(job="backup", number=12, step="dump", attempt=2)),
    ],
)
def test_a_name_reads_as_its_topic_and_back(name: str, topic: object) -> None:
    assert parse(name) == topic
    assert str(topic) == name


@pytest.mark.parametrize(
    "name", ["", "overview/x", "job/", "run/backup", "log/backup.12", "log/backup.12/x", "x/y"]
)
def test_what_is_no_topic_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(name)


def test_the_same_page_has_one_name_however_it_is_asked_for() -> None:
    assert str(parse("overview?page=1&q=")) == "overview"


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="200"):
        parse("overview?q=" + "x" * 200)
