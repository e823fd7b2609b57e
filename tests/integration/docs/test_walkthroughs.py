"""The documents that people follow step by step, followed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shlex import split
from typing import Any

import pytest
import yaml

from rota.config.schemas import catalog
from walkthrough import Follower, commands_in

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"


@pytest.fixture
def follower(tmp_path: Path) -> Iterator[Follower]:
    shown = commands_in(DOCS / "moving-in.md")[0]
    assert shown.text == "crontab -l"
    text = "\n".join(shown.output)
    crontab = f"#!/bin/sh\n[ \"$1\" = -l ] || exit 0\ncat <<'CRONTAB'\n{text}\nCRONTAB\n"
    found = Follower(tmp_path, {"crontab": crontab}, TZ="Europe/Berlin")
    yield found
    found.close()


def test_from_a_crontab_to_a_reviewed_repository(follower: Follower) -> None:
    follower.follow(DOCS / "moving-in.md")


def block(name: str) -> str:
    """The fenced block of docs/git.md with that name."""
    found = re.search(rf"^```\w+ {name}\n(.*?)^```", (DOCS / "git.md").read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


@pytest.fixture
def clone(tmp_path: Path) -> Follower:
    """A clone of a repository of jobs, with a change that is not committed yet."""
    found = Follower(tmp_path, {}, GITHUB_BASE_REF="main", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    found.environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary.md")
    script = """
        git init -q -b main ../origin && cd ../origin && mkdir jobs.d
        printf 'schedule: {every: 1h}\\nrun: a\\n' > jobs.d/a.yaml
        git add . && git commit -q -m begin
        cd ../work && git clone -q ../origin . && git switch -q -c change
        printf 'schedule: {every: 2h}\\nrun: a\\n' > jobs.d/a.yaml
        """
    assert found.run(f"set -e\n{script}") == (0, "")
    return found


def steps_in(name: str) -> list[str]:
    """The commands of rota in a block of a CI configuration."""
    text = block(name)
    if name == "plain":
        return text.splitlines()
    (job,) = (part for key, part in yaml.safe_load(text).get("jobs", yaml.safe_load(text)).items())
    found: list[Any] = job["script"] if "script" in job else [step.get("run", "") for step in job["steps"]]
    return [each for each in found if each.startswith("rota ")]


@pytest.mark.parametrize(("name", "count"), [("github", 3), ("gitlab", 2), ("plain", 2)])
def test_the_steps_for_continuous_integration_pass_a_sound_change(
    clone: Follower, name: str, count: int
) -> None:
    steps = steps_in(name)

    assert len(steps) == count
    for step in steps:
        status, said = clone.run(f"set -e\n{step}")
        assert status == 0, f"{step}\n{said}"


@pytest.mark.parametrize("name", ["github", "gitlab", "plain"])
def test_the_steps_for_continuous_integration_stop_at_a_broken_file(clone: Follower, name: str) -> None:
    (clone.folder / "jobs.d" / "a.yaml").write_text("schedule: {evry: 2h}\nrun: a\n")

    assert any(clone.run(f"set -e\n{step}")[0] != 0 for step in steps_in(name))


def test_the_plan_is_on_the_page_of_the_check(clone: Follower) -> None:
    for step in steps_in("github"):
        clone.run(step)

    assert "schedule.every" in Path(clone.environment["GITHUB_STEP_SUMMARY"]).read_text()
    assert "sarif" in (clone.folder / "rota.sarif").read_text()


def test_the_plain_hook_lets_sound_commits_pass_and_holds_broken_ones_back(clone: Follower) -> None:
    hook = clone.folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(block("hook"))
    hook.chmod(0o755)

    status, said = clone.run("git commit -a -m change")
    assert status == 0, said
    assert "every: 1h → 2h" in said
    (clone.folder / "jobs.d" / "a.yaml").write_text("schedule: {evry: 2h}\nrun: a\n")
    status, said = clone.run("git commit -a -m broken")
    assert status != 0
    assert 'unknown key "evry"' in said


def hooks() -> dict[str, dict[str, Any]]:
    return {
        hook["id"]: hook
        for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    }


def run_hook(clone: Follower, hook: dict[str, Any], files: list[str]) -> tuple[int, str]:
    """As pre-commit does it: the entry split into words, then the files that its pattern takes."""
    named = [file for file in files if re.search(hook["files"], file)]
    words = [*split(hook["entry"]), *(named if hook.get("pass_filenames", True) else [])]
    done = subprocess.run(
        words, cwd=clone.folder, env=clone.environment, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_the_hooks_that_the_documentation_names_exist() -> None:
    (repository,) = yaml.safe_load(block("pre-commit"))["repos"]

    assert {hook["id"] for hook in repository["hooks"]} == set(hooks())
    assert all(hook["language"] == "python" for hook in hooks().values())


def test_the_hooks_take_job_files_and_nothing_else() -> None:
    for hook in hooks().values():
        taken = [
            file
            for file in ("jobs.d/a.yaml", "hosts/db/jobs.d/x/_defaults.yml", "jobs.d/run.sh", "docs/a.yaml")
            if re.search(hook["files"], file)
        ]
        assert taken == ["jobs.d/a.yaml", "hosts/db/jobs.d/x/_defaults.yml"]


def test_the_hooks_of_pre_commit_pass_a_sound_change_and_show_it(clone: Follower) -> None:
    status, said = run_hook(clone, hooks()["rota-validate"], ["jobs.d/a.yaml", "README.md"])
    assert status == 0, said
    status, said = run_hook(clone, hooks()["rota-plan"], ["jobs.d/a.yaml"])
    assert status == 0, said
    assert "every: 1h → 2h" in said


def test_the_plan_of_the_first_commit_has_nothing_to_compare_with(tmp_path: Path) -> None:
    fresh = Follower(tmp_path, {})
    fresh.run("git init -q . && mkdir jobs.d && echo 'run: a' > jobs.d/a.yaml")

    assert run_hook(fresh, hooks()["rota-plan"], ["jobs.d/a.yaml"]) == (0, "")


def test_the_hooks_of_pre_commit_stop_at_a_broken_file(clone: Follower) -> None:
    (clone.folder / "jobs.d" / "a.yaml").write_text("schedule: {evry: 2h}\nrun: a\n")

    for hook in hooks().values():
        status, said = run_hook(clone, hook, ["jobs.d/a.yaml"])
        assert status != 0
        assert 'unknown key "evry"' in said


def test_the_settings_for_editors_are_those_of_the_catalog() -> None:
    settings = yaml.safe_load(block("vscode"))["yaml.schemas"]

    entries = catalog("http://127.0.0.1:8321")["schemas"]
    assert settings == {entry["url"]: entry["fileMatch"] for entry in entries}
