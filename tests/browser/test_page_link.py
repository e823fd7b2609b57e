"""Pages that keep themselves current: live, polling, frozen, after the daemon was away, for a long time."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, WebSocketRoute, expect

from browser.sites import watched
from daemon_process import DaemonProcess


def test_without_a_socket_the_page_polls_and_says_so_and_is_live_again_when_there_is_one(
    browser: Browser, fresh: DaemonProcess
) -> None:
    context = browser.new_context()
    page = watched(context)
    is_blocked = True
    page.route_web_socket("**/api/v1/live", lambda ws: ws.close() if is_blocked else ws.connect_to_server())
    page.clock.install()
    page.goto(fresh.url)
    words = page.locator("#link-state .words")
    for _ in range(6):  # each failure waits a little longer
        page.clock.fast_forward(30_000)
    expect(words).to_contain_text("Polling every 5 s, data from")

    fresh.ended(fresh.run("bad"))
    page.clock.fast_forward(6_000)
    expect(page.locator(".c-alert")).to_contain_text("Bad one failed")
    expect(words).to_contain_text("Polling")

    is_blocked = False
    page.clock.fast_forward(61_000)
    expect(words).to_have_text("Live")
    fresh.ended(fresh.run("good"))
    expect(page.locator('[data-name="good"]')).to_contain_text("Completed")
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()


def test_two_thousand_changes_leave_no_node_behind(browser: Browser, daemon: DaemonProcess) -> None:
    context = browser.new_context()
    page = watched(context)
    sockets: list[WebSocketRoute] = []

    def pass_through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page.route_web_socket("**/api/v1/live", pass_through)
    page.goto(daemon.url)
    expect(page.locator("#link-state .words")).to_have_text("Live")
    counters = context.new_cdp_session(page)
    tree = json.loads(page.locator("#tree").text_content() or "")

    changes = Changes(tree, sockets[0])
    changes.send(200)
    expect(page.locator('[data-name="good"] .note')).to_have_text("change 200")
    before = nodes(counters)
    changes.send(2000)
    expect(page.locator('[data-name="good"] .note')).to_have_text("change 2200")

    assert nodes(counters) <= before + 20
    assert page.complaints == []  # type: ignore[attr-defined]
    context.close()


class Changes:
    """Deltas as the daemon would send them: a row changes, a bar comes, moves on and goes."""

    def __init__(self, tree: dict[str, Any], socket: WebSocketRoute) -> None:
        self._at = {"topic": tree["topic"], "epoch": tree["epoch"]}
        self._seq = tree["seq"]
        self._count = len(tree["elements"])
        self._socket = socket
        self._sent = 0

    def send(self, count: int) -> None:
        for _ in range(count):
            self._sent += 1
            ops, more = self._ops(self._sent)
            frame = {
                "t": "delta",
                **self._at,
                "base": self._seq,
                "seq": self._seq + 1,
                "n": self._count + more,
            }
            self._socket.send(json.dumps({**frame, "ops": ops}))
            self._seq += 1

    def _ops(self, n: int) -> tuple[list[dict[str, Any]], int]:
        row, bar = "/elements/job.good", "/elements/job.good.progress"
        state = "running" if n % 4 else "completed"
        ops: list[dict[str, Any]] = [
            {"op": "add", "path": f"{row}/props/note", "value": f"change {n}"},
            {"op": "add", "path": f"{row}/props/state", "value": state},
        ]
        slots = {"history": ["job.good.history"], "next": ["job.good.next"]}
        if n % 4 == 0:
            return [
                *ops,
                {"op": "remove", "path": bar},
                {"op": "add", "path": f"{row}/slots", "value": slots},
            ], 0
        element = {"type": "ProgressBar", "props": {"label": "good", "value": n % 4 / 4}, "text": "good"}
        added = {"op": "add", "path": bar, "value": element}
        shown = {"op": "add", "path": f"{row}/slots", "value": {**slots, "progress": ["job.good.progress"]}}
        return [*ops, added, shown], 1


def nodes(session: CDPSession) -> int:
    """Nodes that the browser holds, those that nothing shows any more included."""
    session.send("HeapProfiler.collectGarbage")
    return int(session.send("Memory.getDOMCounters")["nodes"])


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


def test_a_changed_file_is_on_the_page_without_reload(fresh_page: Page, fresh: DaemonProcess) -> None:
    expect(fresh_page.locator("#link-state .words")).to_have_text("Live")

    fresh.job("good", "title: Better one\nschedule: {every: 2h}\nrun: echo fine\n")
    expect(fresh_page.locator('[data-name="good"]')).to_contain_text("Better one")
    fresh.job("good", "title: Better one\nschedul: {every: 2h}\nrun: echo fine\n")

    expect(fresh_page.locator(".c-alert")).to_contain_text("its last good version runs")
    expect(fresh_page.locator(".c-alert")).to_contain_text("good.yaml:2:1")


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
