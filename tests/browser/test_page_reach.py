"""Pages for every reader and screen: names and levels, the keyboard, narrow and wide, light and dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.sites import box, watched
from daemon_process import DaemonProcess

ACCESSIBLE = """() => {
  const problems = [];
  const tell = (what, node) => problems.push(`${what}: ${node.outerHTML.slice(0, 120)}`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const fields = 'input:not([type=hidden]), select, textarea';
  const byId = (id) => document.getElementById(id);
  const byIds = (node, name) => (node.getAttribute(name) ?? '').split(' ').map(byId);
  const nameOf = (node) => {
    const labels = [...byIds(node, 'aria-labelledby'), ...(node.labels ?? [])];
    const said = labels.map((one) => one?.textContent ?? '');
    const own = node.matches(fields) ? '' : node.textContent;
    return [...said, node.getAttribute('aria-label') ?? '', own].join('').trim();
  };
  const named = `button, a[href], summary, table, [role=img], [role=progressbar], [role=log], ${fields}`;
  for (const node of all(named)) if (node.checkVisibility() && !nameOf(node)) tell('no name', node);
  for (const one of ['h1', 'main', 'body > header', 'head > title']) {
    if (all(one).length !== 1) problems.push(`not one ${one}`);
  }
  if (!document.documentElement.lang) problems.push('no language');
  let level = 0;
  for (const node of all('h1, h2, h3, h4')) {
    const its = Number(node.tagName[1]);
    if (its > level + 1) tell('a level is left out', node);
    level = its;
  }
  const ids = all('[id]').map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) problems.push(`two of #${id}`);
  for (const node of all('[tabindex]')) if (node.tabIndex > 0) tell('an order of its own', node);
  for (const name of ['aria-labelledby', 'aria-describedby']) {
    for (const node of all(`[${name}]`)) if (byIds(node, name).includes(null)) tell('leads nowhere', node);
  }
  const live = all('[aria-live]:not([aria-live=off])').map((node) => node.id);
  if (String(live) !== 'say-polite,say-assertive') problems.push(`live regions: ${live}`);
  return [...new Set(problems)];
}"""
FOCUSED = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const place = node.getBoundingClientRect();
  return {
    at: [...document.querySelectorAll('*')].indexOf(node),
    ringed: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: place.bottom > 0 && place.top < innerHeight,
  };
}"""


@pytest.mark.parametrize("path", ["/", "/jobs/form", "/jobs/bad", "/runs/{bad}", "/runs/{stages}"])
def test_a_page_is_built_for_every_reader(page: Page, daemon: DaemonProcess, path: str) -> None:
    runs = {job: daemon.run(job) for job in ("bad", "stages")}
    for run in runs.values():
        daemon.ended(run)
    page.goto(daemon.url + path.format(**runs))
    expect(page.locator("#link-state .words")).to_have_text("Live")

    assert page.evaluate(ACCESSIBLE) == []


def test_the_tab_key_goes_down_the_page_and_shows_where_it_is(page: Page) -> None:
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))

    assert [one["at"] for one in seen] == sorted(one["at"] for one in seen)
    assert all(one["ringed"] and one["inside"] for one in seen)


def test_the_help_gives_the_focus_back(page: Page) -> None:
    page.locator("#help").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Keys")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#help")).to_be_focused()


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


def test_rows_are_walked_and_opened_by_keys(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    name = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(f"/jobs/{name}$"))


def test_a_theme_that_was_chosen_stays(page: Page) -> None:
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
