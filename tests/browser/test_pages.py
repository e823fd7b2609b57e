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
STAGES = """
steps:
  - {id: first, title: The first, run: echo from the first}
  - {id: second, title: The second, run: echo from the second}
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


def with_jobs(folder: Path) -> DaemonProcess:
    process = DaemonProcess(folder)
    jobs = {
        "good": GOOD, "bad": BAD, "hostile": HOSTILE, "slow": SLOW.format(folder=folder), "form": FORM,
        "stages": STAGES,
    }  # fmt: skip
    for name, text in jobs.items():
        (process.jobs / f"{name}.yaml").write_text(text)
    os.mkfifo(folder / "go")
    return process


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One for every test that doesn't mind what the others have run."""
    with with_jobs(tmp_path_factory.mktemp("shared")) as process:
        yield process


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[DaemonProcess]:
    """One that has run nothing yet."""
    with with_jobs(tmp_path) as process:
        yield process


@pytest.fixture
def page(browser: Browser, daemon: DaemonProcess) -> Iterator[Page]:
    """A signed-in browser; whatever its console complains of fails the test."""
    yield from signed_in(browser, daemon)


@pytest.fixture
def fresh_page(browser: Browser, fresh: DaemonProcess) -> Iterator[Page]:
    yield from signed_in(browser, fresh)


def signed_in(browser: Browser, daemon: DaemonProcess) -> Iterator[Page]:
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


def let_go(daemon: DaemonProcess) -> None:
    """The job `slow` goes on when a line is written into its pipe."""
    with (daemon.folder / "go").open("w") as writer:
        writer.write("\n")


def box(page: Page, selector: str) -> dict[str, float]:
    found = page.locator(selector).first.bounding_box()
    assert found is not None, selector
    return dict(found)


def test_the_overview_is_live_and_says_what_there_is(fresh_page: Page) -> None:
    expect(fresh_page.locator("#link-state .words")).to_have_text("Live")
    expect(fresh_page.locator(".c-job-row")).to_have_count(6)
    expect(fresh_page.get_by_text("All 6 jobs fine")).to_be_visible()
    expect(fresh_page.locator('[data-name="good"]')).to_contain_text("every hour")


def test_a_failure_appears_by_itself_first_with_its_cause(fresh_page: Page, fresh: DaemonProcess) -> None:
    expect(fresh_page.locator("#link-state .words")).to_have_text("Live")

    fresh.ended(fresh.run("bad"))

    alert = fresh_page.locator(".c-alert")
    expect(alert).to_contain_text("Bad one failed")
    expect(alert).to_contain_text("connection refused")
    expect(fresh_page).to_have_title("(1) Overview – rota")
    expect(fresh_page.locator(".c-job-row").first).to_have_attribute("data-name", "bad")


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

    expect(page.locator(".c-run-table")).to_contain_text("Completed")
    assert daemon.get("/api/v1/runs/form.latest")["params"] == {"name": "<b>", "loud": True}


def test_what_a_job_prints_is_only_ever_text(page: Page, daemon: DaemonProcess) -> None:
    run = daemon.run("hostile")
    page.goto(f"{daemon.url}/runs/{run}")
    daemon.ended(run)

    expect(page.locator(".log-lines")).to_contain_text("<script>window.hacked = 1</script>")
    assert page.evaluate("window.hacked") is None


def test_a_changed_file_is_on_the_page_without_reload(fresh_page: Page, fresh: DaemonProcess) -> None:
    expect(fresh_page.locator("#link-state .words")).to_have_text("Live")

    fresh.job("good", "title: Better one\nschedule: {every: 2h}\nrun: echo fine\n")
    expect(fresh_page.locator('[data-name="good"]')).to_contain_text("Better one")
    fresh.job("good", "title: Better one\nschedul: {every: 2h}\nrun: echo fine\n")

    expect(fresh_page.locator(".c-alert")).to_contain_text("its last good version runs")
    expect(fresh_page.locator(".c-alert")).to_contain_text("good.yaml:2:1")


def test_the_page_survives_the_daemon(fresh_page: Page, fresh: DaemonProcess) -> None:
    expect(fresh_page.locator("#link-state .words")).to_have_text("Live")
    port = fresh.url.rpartition(":")[2]

    fresh.kill9()
    expect(fresh_page.locator("#link-state .words")).to_contain_text(re.compile("Reconnecting|Polling"))
    fresh._arguments = ("--listen", f"127.0.0.1:{port}")
    fresh.start()
    fresh.ended(fresh.run("bad"))

    expect(fresh_page.locator("#link-state .words")).to_have_text("Live", timeout=30_000)
    expect(fresh_page.locator(".c-alert")).to_contain_text("Bad one failed")
    fresh_page.complaints.clear()  # type: ignore[attr-defined]  # refused connections are told there


def test_the_filter_narrows_the_table_at_once_and_is_in_the_address(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("goo")

    expect(page.locator(".c-job-row:visible")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=goo$"))
    page.keyboard.press("Escape")
    expect(page.locator(".c-job-row:visible")).to_have_count(6)


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
    before = page.locator('[data-name="good"] .col-history').inner_html()
    run = daemon.run("good")
    daemon.ended(run)
    assert page.locator('[data-name="good"] .col-history').inner_html() == before

    page.get_by_role("button", name="Unfreeze").click()

    expect(page.locator(f'[data-name="good"] .last a[href="/runs/{run}"]')).to_be_visible()


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


def test_on_a_wide_screen_the_jobs_begin_above_the_fold(fresh_page: Page, fresh: DaemonProcess) -> None:
    fresh.ended(fresh.run("bad"))
    fresh.run("slow")
    fresh_page.reload()
    expect(fresh_page.locator('[data-id="running"] .c-progress')).to_be_visible()

    running, upcoming = box(fresh_page, '[data-id="running"]'), box(fresh_page, '[data-id="upcoming"]')
    assert running["y"] == upcoming["y"]
    assert running["x"] + running["width"] <= upcoming["x"]
    assert box(fresh_page, ".c-job-row")["y"] < 700


def test_a_long_wait_does_not_run_into_its_label(page: Page) -> None:
    expect(page.locator(".c-upcoming li")).not_to_have_count(0)
    page.evaluate(
        """() => { document.querySelector('.c-upcoming time').textContent = 'overdue by 3 min 12 s'; }"""
    )

    first = page.locator(".c-upcoming li").first
    time, name = first.locator("> time").bounding_box(), first.locator(".name").bounding_box()
    assert time is not None
    assert name is not None
    assert time["x"] + time["width"] <= name["x"]
