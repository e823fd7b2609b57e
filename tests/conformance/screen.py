"""Pages around a tree, for a real browser without a server: requests are answered from the asset folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route

from conformance.fixtures import NOW
from rota_catalog.catalog import load
from rota_catalog.tree import Elements
from rota_renderers.html import HtmlRenderer
from rota_renderers.web import ASSETS

ORIGIN = "http://page.test"
LAUNCH = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_TYPES = {".js": "text/javascript", ".css": "text/css"}
_HEAD = (
    '<!doctype html><html lang="en"{theme}><head><meta charset="utf-8"><title>page</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<link rel="stylesheet" href="/assets/tokens.css"><link rel="stylesheet" href="/assets/components.css">'
    '</head><body><div id="mount">{body}</div></body></html>'
)


def page_html(body: str, theme: str = "") -> str:
    """A whole HTML page with the style sheets; `theme` light or dark, else as the system has it."""
    return _HEAD.format(body=body, theme=f' data-theme="{theme}"' if theme else "")


def rendered(elements: Elements, root: str, *, can_act: bool = True) -> str:
    """The tree as the server renders it."""
    renderer = HtmlRenderer(load())
    return str(renderer.render(elements, root, now_ms=NOW, csrf="token", can_act=can_act))


def open_page(browser: Browser, html: str, **options: Any) -> Page:
    """A page that shows this HTML under the strict policy."""
    page = browser.new_page(**options)

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if not path.startswith("/assets/"):
            headers = {"content-security-policy": POLICY}
            route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)
            return
        file = ASSETS / path.removeprefix("/assets/")
        route.fulfill(body=_read(file), content_type=_TYPES[file.suffix])

    page.route(f"{ORIGIN}/**", answer)
    page.goto(f"{ORIGIN}/")
    return page


def embedded(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)


def _read(file: Path) -> bytes:
    return file.read_bytes()
