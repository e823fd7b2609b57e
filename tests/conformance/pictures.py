"""Pictures of whole pages and of every example, for looking: `python -m conformance.pictures FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from markupsafe import escape
from playwright.sync_api import Browser, sync_playwright

from conformance import pages
from conformance.fixtures import examples
from conformance.screen import LAUNCH, open_page, page_html, rendered

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}


def take(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    trees = {"overview": pages.overview(), "job": pages.job(), "run": pages.run()}
    bodies = {name: rendered(tree.elements, tree.root) for name, tree in trees.items()}
    bodies["gallery"] = gallery()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=LAUNCH)
        for name, body in bodies.items():
            for theme in ("light", "dark"):
                _shoot(browser, body, folder / name, theme)
        browser.close()


def gallery() -> str:
    """Every example under its name."""
    parts = [f"<h2>{escape(str(one))}</h2>{rendered(one.elements, one.root)}" for one in examples()]
    return "\n".join(parts)


def _shoot(browser: Browser, body: str, path: Path, theme: str) -> None:
    for size, (width, height) in SIZES.items():
        page = open_page(browser, page_html(body, theme), viewport={"width": width, "height": height})
        page.screenshot(path=f"{path}-{theme}-{size}.png", full_page=True)
        page.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
