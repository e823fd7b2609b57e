"""Browsers and daemons for the tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from browser.sites import signed_in, with_jobs
from conformance.screen import LAUNCH
from daemon_process import DaemonProcess

expect.set_options(timeout=30_000)  # a slow machine may need them


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=LAUNCH)
        yield started
        started.close()


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
