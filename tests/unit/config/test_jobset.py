"""Directories read as one set: defaults, ids, hosts, overrides, and what stays when something breaks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rota.config.jobset import JobReader, read
from rota.core.model import JobSet, JobSpec, Script


def write(folder: Path, **files: str) -> Path:
    """Files by name; `__` stands for a slash, and `.yaml` is added."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def text_of(spec: JobSpec) -> str:
    work = spec.steps[0].work
    assert isinstance(work, Script)
    return work.text


def messages(jobset: JobSet) -> list[str]:
    return [problem.message for problem in jobset.problems]


def errors(jobset: JobSet) -> list[str]:
    return [problem.message for problem in jobset.problems if problem.severity == "error"]


def test_a_file_is_a_job_named_like_it_and_a_map_holds_several(tmp_path: Path) -> None:
    write(
        tmp_path, backup="run: ./dump\n", more="jobs:\n  hello: {run: echo hi}\n  bye:\n    run: echo bye\n"
    )

    found = read([tmp_path])

    assert list(found.jobs) == ["backup", "bye", "hello"]
    assert found.problems == ()
    assert found.files == 2
    assert (found.jobs["bye"].source.file, found.jobs["bye"].source.line) == ("more.yaml", 3)


def test_folders_only_organise(tmp_path: Path) -> None:
    write(tmp_path, db__nightly__dump="run: ./dump\n")

    source = read([tmp_path]).jobs["dump"].source

    assert source.file == "db/nightly/dump.yaml"
    assert source.directory == str(tmp_path / "db" / "nightly")


def test_defaults_lie_under_every_job_of_their_folder_and_below(tmp_path: Path) -> None:
    write(
        tmp_path,
        _defaults="owner: ops\ntags: [all]\nretry: {attempts: 3, delay: 1m}\nenv: {A: a}\n",
        db___defaults="tags: [db]\nretry: {delay: 5m}\nowner: null\n",
        top="run: x\n",
        db__dump="run: x\nenv: {B: b}\nretry: {backoff: linear}\n",
    )

    jobs = read([tmp_path]).jobs

    assert (jobs["top"].owner, jobs["top"].tags) == ("ops", ("all",))
    dump = jobs["dump"]
    assert (dump.owner, dump.tags, dump.env) == ("", ("db",), {"A": "a", "B": "b"})
    assert (dump.retry.attempts, dump.retry.delay.total_seconds(), dump.retry.backoff) == (3, 300, "linear")


def test_a_zone_in_the_defaults_schedules_nothing_by_itself(tmp_path: Path) -> None:
    write(
        tmp_path,
        _defaults="schedule: {timezone: Europe/Berlin}\n",
        manual="run: x\n",
        daily="run: x\nschedule: {cron: '@daily'}\n",
    )

    found = read([tmp_path])

    assert found.problems == ()
    assert found.jobs["manual"].triggers == ()
    assert "Europe/Berlin" in str(found.jobs["daily"].triggers)


def test_a_mistake_in_the_defaults_is_reported_once_and_where_it_is(tmp_path: Path) -> None:
    write(tmp_path, _defaults="run: x\nschedule: {cron: '61 * * * *'}\n", a="title: A\n", b="title: B\n")

    found = read([tmp_path])

    assert [(Path(p.file).name, p.line, p.path) for p in found.problems] == [
        ("_defaults.yaml", 2, "/schedule/cron")
    ]


def test_broken_defaults_keep_all_jobs_below_them_and_no_others(tmp_path: Path) -> None:
    write(tmp_path, a="run: old\n", db___defaults="owner: ops\n", db__b="run: old\n")
    before = read([tmp_path])

    write(tmp_path, a="run: new\n", db___defaults="owner: [\n", db__b="run: new\n", db__c="run: new\n")
    after = read([tmp_path], previous=before)

    assert {job: text_of(spec) for job, spec in after.jobs.items()} == {"a": "new", "b": "old"}
    assert after.stale == {"b"}


def test_what_is_no_job_file_is_left_out_silently_or_named(tmp_path: Path) -> None:
    write(tmp_path, a="run: x\n")
    for name in (".hidden.yaml", "a.yaml~", "b.yaml.rpmnew", "c.yaml.dpkg-old", ".git"):
        (tmp_path / name).write_text("x")
    (tmp_path / "README.md").write_text("x")

    found = read([tmp_path])

    assert list(found.jobs) == ["a"]
    assert [(Path(p.file).name, p.severity) for p in found.problems] == [("README.md", "warning")]


def test_an_underscore_in_an_id_is_answered_with_a_dash(tmp_path: Path) -> None:
    write(tmp_path, nightly_backup="run: x\n", more="jobs: {my_job: {run: x}}\n")

    found = read([tmp_path])

    assert found.jobs == {}
    assert sorted(str(p.hint) for p in found.problems) == [
        "did you mean my-job?",
        "did you mean nightly-backup?",
    ]


@pytest.mark.parametrize(
    ("hosts", "there"),
    [
        ('["db*", "!db3"]', {"db1", "db2"}),
        ('["!db3"]', {"db1", "db2", "web"}),
        ("web", {"web"}),
        ('["*"]', {"db1", "db2", "db3", "web"}),
    ],
)
def test_a_job_is_only_where_its_hosts_say(tmp_path: Path, hosts: str, there: set[str]) -> None:
    write(tmp_path, a=f"run: x\nhosts: {hosts}\n")

    found = {host for host in ("db1", "db2", "db3", "web") if read([tmp_path], host=host).jobs}

    assert found == there


def test_a_later_directory_overrides_an_id_of_an_earlier_one(tmp_path: Path) -> None:
    vendor = write(tmp_path / "vendor", a="run: vendor\n", b="run: vendor\n")
    site = write(tmp_path / "site", a="run: site\n")

    found = read([vendor, site])

    assert {job: text_of(spec) for job, spec in found.jobs.items()} == {"a": "site", "b": "vendor"}
    assert found.problems == ()


def test_a_broken_override_does_not_bring_back_what_it_overrides(tmp_path: Path) -> None:
    vendor = write(tmp_path / "vendor", a="run: vendor\n")
    site = write(tmp_path / "site", a="run: [\n")

    assert read([vendor, site]).jobs == {}


def test_a_file_that_can_not_be_parsed_keeps_all_jobs_it_last_defined(tmp_path: Path) -> None:
    write(tmp_path, more="jobs: {a: {run: old}, b: {run: old}}\n", c="run: old\n")
    before = read([tmp_path])

    write(tmp_path, more="jobs: {a: {run: new}, b\n", c="run: new\n")
    after = read([tmp_path], previous=before)

    assert {job: text_of(spec) for job, spec in after.jobs.items()} == {"a": "old", "b": "old", "c": "new"}
    assert after.stale == {"a", "b"}
    assert len(after.problems) == 1


def test_one_broken_job_of_a_map_leaves_the_others_alone(tmp_path: Path) -> None:
    write(tmp_path, more="jobs: {a: {run: old}, b: {run: old}, c: {run: old}}\n")
    before = read([tmp_path])

    write(tmp_path, more="jobs: {a: {rum: new}, b: {run: new}}\n")
    after = read([tmp_path], previous=before)

    assert {job: text_of(spec) for job, spec in after.jobs.items()} == {"a": "old", "b": "new"}
    assert after.stale == {"a"}


def test_a_repaired_file_is_no_longer_stale(tmp_path: Path) -> None:
    write(tmp_path, a="run: one\n")
    good = read([tmp_path])
    write(tmp_path, a="rum: '2'\n")
    stale = read([tmp_path], previous=good)
    assert stale.stale == {"a"}

    write(tmp_path, a="run: three\n")
    repaired = read([tmp_path], previous=stale)

    assert text_of(repaired.jobs["a"]) == "three"
    assert repaired.stale == frozenset()


def test_broken_at_first_sight_is_not_scheduled(tmp_path: Path) -> None:
    write(tmp_path, a="rum: x\n")

    found = read([tmp_path])

    assert found.jobs == {}
    assert found.stale == frozenset()


def test_an_id_used_twice_stays_with_its_last_owner_and_is_a_problem_in_both_files(tmp_path: Path) -> None:
    write(tmp_path, a="run: mine\n")
    before = read([tmp_path])

    write(tmp_path, a="run: mine, newer\n", z="jobs: {a: {run: theirs}}\n")
    after = read([tmp_path], previous=before)

    assert text_of(after.jobs["a"]) == "mine, newer"
    assert sorted(Path(p.file).name for p in after.problems) == ["a.yaml", "z.yaml"]
    assert read([tmp_path]).jobs == {}


def test_a_removed_file_removes_its_jobs(tmp_path: Path) -> None:
    write(tmp_path, a="run: x\n", b="run: x\n")
    before = read([tmp_path])
    (tmp_path / "a.yaml").unlink()

    assert list(read([tmp_path], previous=before).jobs) == ["b"]


def test_a_directory_that_is_not_there_keeps_its_jobs(tmp_path: Path) -> None:
    folder = write(tmp_path / "jobs.d", a="run: x\n", db__b="run: x\n")
    before = read([folder])
    folder.rename(tmp_path / "elsewhere")

    after = read([folder], previous=before)

    assert after.stale == {"a", "b"}
    assert errors(after) == ["the directory can't be read: No such file or directory"]


def test_a_dangling_link_keeps_its_job(tmp_path: Path) -> None:
    target = write(tmp_path / "releases", a="run: x\n") / "a.yaml"
    folder = tmp_path / "jobs.d"
    folder.mkdir()
    (folder / "a.yaml").symlink_to(target)
    before = read([folder])
    target.unlink()

    after = read([folder], previous=before)

    assert after.stale == {"a"}
    assert errors(after) == ["can't be read: No such file or directory"]


def test_links_in_a_circle_are_named_and_end(tmp_path: Path) -> None:
    write(tmp_path, a="run: x\n")
    (tmp_path / "loop").symlink_to(tmp_path)

    found = read([tmp_path])

    assert list(found.jobs) == ["a"]
    assert "link back into itself" in messages(found)[0]


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    write(tmp_path, a="rum: x\nretry: {atempts: 2}\n", b="run: x\nenabled: yes\n", c="run: [\n")

    found = read([tmp_path])

    assert [(Path(p.file).name, p.line) for p in found.problems] == [
        ("a.yaml", 1),
        ("a.yaml", 2),
        ("b.yaml", 2),
        ("c.yaml", 1),
    ]


def test_an_unchanged_file_is_not_parsed_again(tmp_path: Path) -> None:
    write(tmp_path, a="run: x\n", b="run: x\n")
    reader = JobReader([tmp_path])
    first = reader.read()
    write(tmp_path, b="run: yy\n")

    second = reader.read(first)

    assert second.jobs["a"] is first.jobs["a"]
    assert text_of(second.jobs["b"]) == "yy"


def test_two_writes_within_one_tick_of_the_file_system_are_told_apart(tmp_path: Path) -> None:
    reader = JobReader([write(tmp_path, a="run: x\n")])

    for text in "xyzxyz":
        write(tmp_path, a=f"run: {text}\n")
        assert text_of(reader.read().jobs["a"]) == text


def test_a_change_of_the_defaults_reaches_unchanged_files(tmp_path: Path) -> None:
    write(tmp_path, _defaults="owner: one\n", a="run: x\n")
    reader = JobReader([tmp_path])
    first = reader.read()
    reader.read(first)
    write(tmp_path, _defaults="owner: two\n")

    assert reader.read(first).jobs["a"].owner == "two"


def test_a_job_knows_the_commit_of_its_directory(tmp_path: Path) -> None:
    folder = write(tmp_path / "jobs.d", a="run: x\n")
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
    reader = JobReader([folder])

    first = reader.read()
    (git / "refs" / "heads" / "main").write_text("b" * 40 + "\n")
    second = reader.read(first)

    assert first.jobs["a"].source.commit == "a" * 40
    assert second.jobs["a"].source.commit == "b" * 40


def test_jobs_that_did_not_change_stay_the_very_objects_also_in_a_git_checkout(tmp_path: Path) -> None:
    write(tmp_path, stays="run: x\n", changes="run: x\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words], cwd=tmp_path, check=True
        )
    reader = JobReader([tmp_path])
    first = reader.read()
    write(tmp_path, changes="run: y\n")

    second = reader.read(first)

    assert second.jobs["stays"] is first.jobs["stays"]
    assert (first.jobs["changes"].source.dirty, second.jobs["changes"].source.dirty) == (False, True)
    assert first.jobs["changes"].source.commit is not None


def test_jobs_of_many_files_share_equal_blocks(tmp_path: Path) -> None:
    text = "run: x\nretry: {attempts: 3, on: [failed]}\nowner: db team\n"
    write(tmp_path, a=text, b=text, c=text.replace("failed", "timeout"))

    jobs = read([tmp_path]).jobs

    assert jobs["a"].retry is jobs["b"].retry
    assert jobs["a"].owner is jobs["c"].owner
    assert jobs["c"].retry.on == {"timeout"}


def test_a_parameter_that_is_wrong_is_told_in_every_file_that_has_it(tmp_path: Path) -> None:
    text = "params: {day: {type: string, default: 5}}\nrun: x\n"
    write(tmp_path, a=text, b=f"# moved down\n{text}", c=text.replace("5", "five"))

    found = read([tmp_path])

    assert [(problem.file, problem.line) for problem in found.problems] == [
        (f"{tmp_path}/a.yaml", 1),
        (f"{tmp_path}/b.yaml", 2),
    ]
    assert list(found.jobs) == ["c"]
