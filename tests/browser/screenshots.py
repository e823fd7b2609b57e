"""Pictures of the three pages, wide and narrow, light and dark, of a real daemon with the jobs of `jobs.d`.

    .venv/bin/python tests/browser/screenshots.py [--into docs/screenshots] [--warm-up 150]

The daemon runs for the warm-up first, so that there is something to see: runs that ended, one that moves.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from conformance.screen import LAUNCH  # noqa: E402
from daemon_process import DaemonProcess  # noqa: E402  the line above makes it importable

WIDTHS = {"wide": (1440, 900), "narrow": (390, 844)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--into", type=Path, default=ROOT / "docs/screenshots")
    parser.add_argument("--warm-up", type=float, default=150.0)
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        daemon = DaemonProcess(Path(name))
        shutil.copytree(ROOT / "jobs.d", daemon.jobs, dirs_exist_ok=True)
        with daemon:
            _take_all(daemon, options.into, options.warm_up)


def _take_all(daemon: DaemonProcess, into: Path, warm_up: float) -> None:
    daemon.ended(daemon.run("provision-project"), within=180)
    for job in ("health-check", "disk-space", "flaky-demo", "package-updates", "state-backup"):
        daemon.request("POST", f"/api/v1/jobs/{job}/runs", {})  # refused when its schedule was quicker
    Event().wait(warm_up)
    run = daemon.run("provision-project")
    Event().wait(15)
    pages = {"overview": "/", "job": "/jobs/provision-project", "run": f"/runs/{run}"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=LAUNCH)
        for name, path in pages.items():
            for variant, options in _variants():
                _take(browser, daemon.url + path, into / f"{name}-{variant}.png", options)
        browser.close()


def _variants() -> Iterator[tuple[str, dict[str, Any]]]:
    for width_name, (width, height) in WIDTHS.items():
        for scheme in ("light", "dark"):
            options: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
            yield f"{width_name}-{scheme}", options


def _take(browser: Browser, url: str, target: Path, options: dict[str, Any]) -> None:
    page = browser.new_page(**options)
    page.goto(url)
    page.get_by_text("Live", exact=True).first.wait_for()
    page.screenshot(path=target, full_page=True)
    page.close()
    print(target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target)  # noqa: T201


if __name__ == "__main__":
    main()
