"""Holding a job back from its page, and what the page says of what comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.sites import signed_in
from daemon_process import DaemonProcess

NIGHTLY = """
title: Nightly copy
tags: [nightly]
schedule: {cron: "30 2 * * *", timezone: Europe/Berlin, except: {days: [sun]}}
condition: {run: test -e /mnt/copy}
run: echo copied
"""
AFTER = "schedule: {after: nightly}\nrun: echo checked\n"
DAILY = 'schedule: {cron: "30 2 * * *", timezone: Europe/Berlin}\nrun: echo done\n'
UNEVEN = 'schedule: {cron: "*/7 * * * *"}\nrun: echo polled\n'


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    process = DaemonProcess(tmp_path_factory.mktemp("held"))
    jobs = {"nightly": NIGHTLY, "check": AFTER, "daily": DAILY, "uneven": UNEVEN}
    for name, text in jobs.items():
        process.job(name, text)
    with process:
        yield process


@pytest.fixture
def page(browser: Browser, held: DaemonProcess) -> Iterator[Page]:
    yield from signed_in(browser, held)


def test_the_next_instant_is_skipped_with_one_click_and_taken_back_with_another(
    page: Page, held: DaemonProcess
) -> None:
    page.goto(f"{held.url}/jobs/nightly")
    page.get_by_role("button", name="Skip next").click()

    expect(page.locator(".c-banner")).to_contain_text("will be skipped, as asked")
    expect(page.locator(".c-upcoming li").first).to_contain_text("will be skipped, as asked")
    page.get_by_role("button", name="Don't skip").click()
    expect(page.locator(".c-banner")).to_have_count(0)
    assert held.get("/api/v1/jobs/nightly")["skipNext"] is None


def test_a_pause_asks_how_long_and_why_and_both_are_told(page: Page, held: DaemonProcess) -> None:
    page.goto(f"{held.url}/jobs/nightly")
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("How long").select_option("4 hours")
    page.get_by_label("Note").fill("the disk is full")
    page.get_by_role("button", name="Pause").click()

    expect(page.locator(".c-banner")).to_contain_text("the disk is full")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".c-banner")).to_have_count(0)


def test_a_pause_of_a_tag_says_how_to_end_it(page: Page, held: DaemonProcess) -> None:
    held.post("/api/v1/pauses", {"tag": "nightly"})
    page.goto(held.url)
    expect(page.locator('[data-name="nightly"]')).to_contain_text("with all jobs tagged nightly")

    page.goto(f"{held.url}/jobs/nightly")
    expect(page.locator(".c-banner")).to_contain_text("rota resume --tag nightly")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    held.post("/api/v1/pauses/resume", {"tag": "nightly"})
    expect(page.locator(".c-banner")).to_have_count(0)


def test_what_comes_and_what_could_stop_it_stand_before_what_was(page: Page, held: DaemonProcess) -> None:
    page.goto(f"{held.url}/jobs/nightly")

    why = page.locator('[data-id="why"]')
    expect(why).to_contain_text("It runs only if its condition is met: test -e /mnt/copy.")
    expect(why).to_contain_text("Its schedule leaves out Sundays.")
    headings = page.locator("main h2").all_inner_texts()
    assert headings[:3] == ["Next", "What could stop it", "History"]
    page.goto(f"{held.url}/jobs/check")
    expect(page.locator('[data-id="next"]')).to_contain_text("after nightly completes")


def test_a_warning_of_a_job_that_runs_is_told_below_its_runs(page: Page, held: DaemonProcess) -> None:
    page.goto(f"{held.url}/jobs/uneven")

    expect(page.locator(".c-banner")).to_contain_text("a step of 7 does not divide 60")
    assert page.locator("main h2").first.inner_text() == "Next"


def test_the_timeline_shows_what_ran_and_what_is_planned(page: Page, held: DaemonProcess) -> None:
    held.ended(held.run("check"))
    page.goto(held.url)
    page.get_by_role("link", name="Timeline").click()

    row = page.locator('[data-key="check"]')
    expect(row.locator('.bar[data-tone="ok"]')).to_have_count(1)
    expect(page.locator('[data-key="daily"]')).to_contain_text("daily at 02:30 (Europe/Berlin)")
    expect(page.locator('[data-key="uneven"] .part').first).to_be_attached()
    row.get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("check")
