"""The pages of a real daemon in a real browser: read, acted on, with and without script."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, Page, expect

from browser.sites import let_go, watched
from daemon_process import DaemonProcess
from eventually import eventually


def test_a_run_can_be_followed_from_its_start_to_its_end(page: Page, daemon: DaemonProcess) -> None:
    run = daemon.run("slow")
    page.goto(f"{daemon.url}/runs/{run}")

    expect(page.locator(".c-phase")).to_contain_text("Running")
    expect(page.locator(".c-progress")).to_contain_text("50 %")
    expect(page.locator(".log-lines")).to_contain_text("begun")
    let_go(daemon)

    expect(page.locator(".c-phase")).to_contain_text("Completed")
    expect(page.locator(".log-lines")).to_contain_text("done")
    assert page.locator(".log-lines .line").all_inner_texts() == ["begun", "done"]


def test_run_now_is_one_click_and_leads_to_the_run(page: Page, daemon: DaemonProcess) -> None:
    page.locator('[data-name="good"]').get_by_role("button", name="Run now").click()

    expect(page.locator('[data-name="good"]')).to_contain_text("Completed")
    assert daemon.get("/api/v1/runs/good.latest")["trigger"] == "manual"


def test_cancel_asks_first_and_the_safe_button_has_the_focus(page: Page, daemon: DaemonProcess) -> None:
    run = daemon.run("slow")
    page.goto(f"{daemon.url}/runs/{run}")
    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("dialog")).to_contain_text("Cancel this run?")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    assert daemon.get(f"/api/v1/runs/{run}")["state"] == "running"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    expect(page.locator(".c-phase")).to_contain_text("Cancelled")


def test_a_form_made_from_parameters_runs_the_job_with_them(page: Page, daemon: DaemonProcess) -> None:
    page.goto(f"{daemon.url}/jobs/form")
    page.get_by_label("name").fill("<b>")
    page.get_by_label("loud").select_option("true")
    page.locator(".c-run-form").get_by_role("button").click()

    # The daemon is shared: the job may have run before.
    runs = eventually(lambda: [run for run in _runs(daemon, "form") if run["params"]["name"] == "<b>"])
    assert runs[0]["params"] == {"name": "<b>", "loud": True}
    expect(page.locator(".c-run-table")).to_contain_text(f"{runs[0]['id']}")
    assert daemon.ended(runs[0]["id"])["state"] == "completed"


def test_what_a_job_prints_is_only_ever_text(page: Page, daemon: DaemonProcess) -> None:
    run = daemon.run("hostile")
    page.goto(f"{daemon.url}/runs/{run}")
    daemon.ended(run)

    expect(page.locator(".log-lines")).to_contain_text("<script>window.hacked = 1</script>")
    assert page.evaluate("window.hacked") is None


def test_the_filter_narrows_the_table_at_once_and_is_in_the_address(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("goo")

    expect(page.locator(".c-job-row:visible")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=goo$"))
    page.keyboard.press("Escape")
    expect(page.locator(".c-job-row:visible")).to_have_count(6)


def test_everything_works_without_script(browser: Browser, daemon: DaemonProcess) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(daemon.post("/api/v1/session/links")["url"])

    page.locator('[data-name="bad"]').get_by_role("button", name="Run now").click()
    expect(page.locator("h1")).to_contain_text("bad.")
    run = page.locator("h1").inner_text()
    daemon.ended(run)
    page.reload()
    expect(page.locator(".c-alert")).to_contain_text("connection refused")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("h1")).not_to_have_text(run)

    page.goto(daemon.url)
    page.locator('[data-name="form"]').get_by_role("link", name="Run…").click()
    page.get_by_label("name").fill("there")
    page.locator(".c-run-form").get_by_role("button").click()
    expect(page.locator("h1")).to_contain_text("form.")

    page.goto(f"{daemon.url}/jobs/good")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("h1")).to_have_text("Pause this job?")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".c-phase")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".c-phase")).not_to_contain_text("Paused")
    context.close()


def test_a_reader_who_is_not_signed_in_sees_all_and_is_offered_what_makes_sense(
    browser: Browser, daemon: DaemonProcess
) -> None:
    good, bad = daemon.run("good"), daemon.run("bad")
    daemon.ended(good), daemon.ended(bad)
    context = browser.new_context()
    page = watched(context)
    page.goto(daemon.url)

    expect(page.locator("#link-state .words")).to_have_text("Live")
    expect(page.locator(".c-job-row :is(form, .button)")).to_have_count(0)
    page.get_by_text("Read only").click()
    expect(page.locator(".sign-in .pop")).to_contain_text("rota link")
    page.goto(f"{daemon.url}/runs/{bad}")
    expect(page.locator(".page-head .cli")).to_have_text([f"rota retry {bad}"])
    page.goto(f"{daemon.url}/runs/{good}")
    expect(page.locator(".page-head .cli")).to_have_count(0)
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()


def test_a_page_that_is_not_there_says_so(browser: Browser, daemon: DaemonProcess) -> None:
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(f"{daemon.url}/jobs/nothing")

    assert answer is not None
    assert answer.status == 404
    expect(page.locator("h1")).to_have_text("Not found")
    context.close()


def test_a_job_with_parameters_leads_to_its_form(page: Page) -> None:
    page.locator('[data-name="form"]').get_by_role("link", name="Run…").click()

    expect(page).to_have_url(re.compile("/jobs/form#h-run-now$"))
    expect(page.locator(".c-run-form")).to_be_in_viewport()
    expect(page.locator(".page-head").get_by_role("link", name="Run…")).to_be_visible()


def test_choosing_a_step_shows_its_log_and_there_is_a_way_back(page: Page, daemon: DaemonProcess) -> None:
    run = daemon.run("stages")
    daemon.ended(run)
    page.goto(f"{daemon.url}/runs/{run}")
    expect(page.locator(".log-lines")).to_contain_text("from the second")

    page.get_by_role("link", name="The first").click()
    expect(page.locator(".log-lines")).to_contain_text("from the first")
    expect(page.locator('.c-steps [data-shown="yes"]')).to_contain_text("The first")
    page.get_by_role("link", name="Back to the newest log").click()

    expect(page.locator(".log-lines")).to_contain_text("from the second")


def test_a_log_without_lines_says_so(page: Page, daemon: DaemonProcess) -> None:
    daemon.load("silent", "run: read -r _ < go\ncwd: " + str(daemon.folder))
    run = daemon.run("silent")
    page.goto(f"{daemon.url}/runs/{run}")

    expect(page.locator("#link-state .words")).to_have_text("Live")
    expect(page.get_by_text("No output yet")).to_be_visible()
    let_go(daemon)
    daemon.ended(run)
    daemon.unload("silent")


def _runs(daemon: DaemonProcess, job: str) -> list[Any]:
    """Its runs, newest first."""
    return list(daemon.get(f"/api/v1/jobs/{job}/runs")["runs"])
