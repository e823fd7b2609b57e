"""The pages of a real daemon in a real browser: read, followed live, acted on, without script, on a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from conformance.screen import LAUNCH
from daemon_process import DaemonProcess

GOOD = "title: Good one\nschedule: {every: 1h}\nrun: echo fine\n"
BAD = "title: Bad one\nrun: |\n  echo connecting\n  echo connection refused\n  exit 3\n"
HOSTILE = "run: |\n  echo '<script>window.hacked = 1</script><img src=x onerror=window.hacked=1>'\n"
SLOW = """
run: |
  echo '::progress 1/2 waiting'
  echo begun
  read -r _ < go
  echo '::progress 2/2'
  echo done
cwd: {folder}
"""
FORM = """
params:
  name: {type: string, default: world}
  loud: {type: boolean, default: false}
run: echo hello $PARAM_NAME $PARAM_LOUD
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=LAUNCH)
        yield started
        started.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    process = DaemonProcess(tmp_path)
    jobs = {"good": GOOD, "bad": BAD, "hostile": HOSTILE, "slow": SLOW.format(folder=tmp_path), "form": FORM}
    for name, text in jobs.items():
        (process.jobs / f"{name}.yaml").write_text(text)
    with process:
        yield process


@pytest.fixture
def page(browser: Browser, daemon: DaemonProcess) -> Iterator[Page]:
    """A signed-in browser; whatever its console complains of fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    opened = watched(context)
    opened.goto(daemon.post("/api/v1/session/links")["url"])
    yield opened
    assert opened.complaints == []  # type: ignore[attr-defined]
    context.close()


def watched(context: BrowserContext) -> Page:
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints  # type: ignore[attr-defined]
    return page


def held_open(folder: Path) -> Path:
    """A pipe: a job that reads from it goes on when a line is written."""
    pipe = folder / "go"
    os.mkfifo(pipe)
    return pipe


def test_the_overview_is_live_and_says_what_there_is(page: Page) -> None:
    expect(page.locator("#link-state .words")).to_have_text("Live")
    expect(page.locator(".c-job-row")).to_have_count(5)
    expect(page.get_by_text("All 5 jobs fine")).to_be_visible()
    expect(page.locator('[data-name="good"]')).to_contain_text("every hour")


def test_a_failure_appears_by_itself_first_with_its_cause(page: Page, daemon: DaemonProcess) -> None:
    expect(page.locator("#link-state .words")).to_have_text("Live")

    daemon.ended(daemon.run("bad"))

    alert = page.locator(".c-alert")
    expect(alert).to_contain_text("Bad one failed")
    expect(alert).to_contain_text("connection refused")
    expect(page).to_have_title("(1) Overview – rota")
    expect(page.locator(".c-job-row").first).to_have_attribute("data-name", "bad")


def test_a_run_can_be_followed_from_its_start_to_its_end(
    page: Page, daemon: DaemonProcess, tmp_path: Path
) -> None:
    pipe = held_open(tmp_path)
    run = daemon.run("slow")
    page.goto(f"{daemon.url}/runs/{run}")

    expect(page.locator(".c-phase")).to_contain_text("Running")
    expect(page.locator(".c-progress")).to_contain_text("50 %")
    expect(page.locator(".log-lines")).to_contain_text("begun")
    with pipe.open("w") as writer:
        writer.write("\n")

    expect(page.locator(".c-phase")).to_contain_text("Completed")
    expect(page.locator(".log-lines")).to_contain_text("done")
    assert page.locator(".log-lines .line").all_inner_texts() == ["begun", "done"]


def test_run_now_is_one_click_and_leads_to_the_run(page: Page, daemon: DaemonProcess) -> None:
    page.locator('[data-name="good"]').get_by_role("button", name="Run now").click()

    expect(page.locator('[data-name="good"]')).to_contain_text("Completed")
    assert daemon.get("/api/v1/runs/good.latest")["trigger"] == "manual"


def test_cancel_asks_first_and_the_safe_button_has_the_focus(
    page: Page, daemon: DaemonProcess, tmp_path: Path
) -> None:
    held_open(tmp_path)
    run = daemon.run("slow")
    page.goto(f"{daemon.url}/runs/{run}")
    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("dialog")).to_contain_text("Cancel this run?")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.get_by_role("button", name="Keep it").click()
    assert daemon.get(f"/api/v1/runs/{run}")["state"] == "running"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    expect(page.locator(".c-phase")).to_contain_text("Cancelled")


def test_a_form_made_from_parameters_runs_the_job_with_them(page: Page, daemon: DaemonProcess) -> None:
    page.goto(f"{daemon.url}/jobs/form")
    page.get_by_label("name").fill("<b>")
    page.get_by_label("loud").select_option("true")
    page.locator(".c-run-form").get_by_role("button").click()

    expect(page.locator(".c-run-table")).to_contain_text("Completed")
    assert daemon.get("/api/v1/runs/form.latest")["params"] == {"name": "<b>", "loud": True}


def test_what_a_job_prints_is_only_ever_text(page: Page, daemon: DaemonProcess) -> None:
    run = daemon.run("hostile")
    page.goto(f"{daemon.url}/runs/{run}")
    daemon.ended(run)

    expect(page.locator(".log-lines")).to_contain_text("<script>window.hacked = 1</script>")
    assert page.evaluate("window.hacked") is None


def test_a_changed_file_is_on_the_page_without_reload(page: Page, daemon: DaemonProcess) -> None:
    expect(page.locator("#link-state .words")).to_have_text("Live")

    daemon.job("good", "title: Better one\nschedule: {every: 2h}\nrun: echo fine\n")
    expect(page.locator('[data-name="good"]')).to_contain_text("Better one")
    daemon.job("good", "title: Better one\nschedul: {every: 2h}\nrun: echo fine\n")

    expect(page.locator(".c-alert")).to_contain_text("its last good version runs")
    expect(page.locator(".c-alert")).to_contain_text("good.yaml:2:1")


def test_the_page_survives_the_daemon(page: Page, daemon: DaemonProcess) -> None:
    expect(page.locator("#link-state .words")).to_have_text("Live")
    port = daemon.url.rpartition(":")[2]

    daemon.kill9()
    expect(page.locator("#link-state .words")).to_contain_text(re.compile("Reconnecting|Polling"))
    daemon._arguments = ("--listen", f"127.0.0.1:{port}")
    daemon.start()
    daemon.ended(daemon.run("bad"))

    expect(page.locator("#link-state .words")).to_have_text("Live", timeout=30_000)
    expect(page.locator(".c-alert")).to_contain_text("Bad one failed")
    page.complaints.clear()  # type: ignore[attr-defined]  # refused connections are told there


def test_the_filter_narrows_the_table_at_once_and_is_in_the_address(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("goo")

    expect(page.locator(".c-job-row:visible")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=goo$"))
    page.keyboard.press("Escape")
    expect(page.locator(".c-job-row:visible")).to_have_count(5)


def test_rows_are_walked_and_opened_by_keys(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    name = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/jobs/{name}$"))


def test_a_frozen_view_stands_still_until_it_is_let_go(page: Page, daemon: DaemonProcess) -> None:
    expect(page.locator("#link-state .words")).to_have_text("Live")
    page.keyboard.press(".")
    expect(page.locator("#link-state .words")).to_contain_text("Frozen")
    daemon.ended(daemon.run("bad"))
    expect(page.locator(".c-alert")).to_have_count(0)

    page.get_by_role("button", name="Unfreeze").click()

    expect(page.locator(".c-alert")).to_contain_text("Bad one failed")


def test_a_theme_that_was_chosen_stays(page: Page) -> None:
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_everything_works_without_script(browser: Browser, daemon: DaemonProcess) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(daemon.post("/api/v1/session/links")["url"])

    page.locator('[data-name="bad"]').get_by_role("button", name="Run now").click()
    expect(page.locator("h1")).to_have_text("bad.1")
    daemon.ended("bad.1")
    page.reload()
    expect(page.locator(".c-alert")).to_contain_text("connection refused")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("h1")).to_have_text("bad.2")

    page.goto(f"{daemon.url}/jobs/good")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("h1")).to_have_text("Pause this job?")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".c-phase")).to_contain_text("Paused")
    context.close()


def test_a_reader_who_is_not_signed_in_sees_all_and_is_offered_nothing(
    browser: Browser, daemon: DaemonProcess
) -> None:
    context = browser.new_context()
    page = watched(context)
    page.goto(daemon.url)

    expect(page.locator("#link-state .words")).to_have_text("Live")
    expect(page.get_by_text("Read only")).to_be_visible()
    expect(page.locator(".c-job-row form")).to_have_count(0)
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()


@pytest.mark.parametrize("path", ["/", "/jobs/bad", "/runs/bad.1"])
def test_a_phone_never_scrolls_sideways(browser: Browser, daemon: DaemonProcess, path: str) -> None:
    daemon.ended(daemon.run("bad"))
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = watched(context)
    page.goto(daemon.url + path)
    expect(page.locator("#link-state .words")).to_have_text("Live")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
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
