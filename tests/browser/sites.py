"""A real daemon with jobs that show what pages can show, and browsers that look at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, FloatRect, Page

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


def box(page: Page, selector: str) -> FloatRect:
    found = page.locator(selector).first.bounding_box()
    assert found is not None, selector
    return found
