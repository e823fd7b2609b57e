"""The components in a real browser: the same page as the server's, kept current without losing anything."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from conformance import pages
from conformance.attacks import HOSTILE, Broken, degradations, hostile_trees
from conformance.fixtures import NOW, ROOT, document, examples
from conformance.neutral import said_in, without_declared
from conformance.outline import outline, parsed, words
from conformance.screen import LAUNCH, ORIGIN, open_page, page_html, rendered
from rota_catalog.catalog import load
from rota_catalog.topic import Topic
from rota_catalog.tree import Document, Elements
from rota_renderers import terminal

DATA = Path(__file__).parents[1] / "data" / "render"
HELPERS = Path(__file__).with_name("components.js")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=LAUNCH)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = opened_on(browser, "")
    yield opened
    assert opened.evaluate("window.faults") == []
    opened.close()


def opened_on(browser: Browser, body: str, **options: Any) -> Page:
    """A page with this body, the helpers at hand, and whatever went wrong in `window.faults`."""
    page = open_page(browser, page_html(body), **options)
    page.route(
        f"{ORIGIN}/helpers.js",
        lambda route: route.fulfill(body=HELPERS.read_text(encoding="utf-8"), content_type="text/javascript"),
    )
    page.evaluate(
        """async () => {
          window.faults = [];
          addEventListener("error", (event) => window.faults.push(event.message));
          addEventListener("securitypolicyviolation", (event) => window.faults.push(event.violatedDirective));
          window.helpers = await import("/helpers.js");
        }"""
    )
    return page


def test_the_browser_says_times_and_sizes_as_the_server_does(page: Page) -> None:
    cases = json.loads((DATA / "format.json").read_text(encoding="utf-8"))["cases"]

    said = page.evaluate("(cases) => helpers.wordsOf(cases)", cases)

    assert [(c[0], c[1], got) for c, got in zip(cases, said, strict=True)] == [tuple(c) for c in cases]


def test_the_browser_applies_patches_as_the_server_does(page: Page) -> None:
    data = json.loads((DATA / "patches.json").read_text(encoding="utf-8"))

    results = page.evaluate(
        "([elements, cases]) => helpers.patched(elements, cases)", [data["elements"], data["cases"]]
    )

    for case, result in zip(data["cases"], results, strict=True):
        expected = None
        if not case.get("refused"):
            merged = {**data["elements"], **case["changed"]}
            expected = {id_: element for id_, element in merged.items() if element is not None}
        assert (result["after"], result["untouched"]) == (expected, True), case["name"]


@pytest.mark.parametrize("can_act", [True, False], ids=["acting", "reading"])
def test_the_browser_draws_what_the_server_drew_and_takes_it_over_untouched(
    page: Page, can_act: bool
) -> None:
    trees = {str(one): (one.elements, one.root) for one in examples()}
    trees |= {f"page {d.topic}": (d.elements, d.root) for d in (pages.overview(), pages.job(), pages.run())}

    for name, (elements, root) in trees.items():
        seen = in_three_ways(page, elements, root, can_act=can_act)
        assert seen["drawn"] == seen["asServed"], name
        assert seen["takenOver"] == seen["asServed"], name
        assert (seen["kept"], seen["reports"]) == (True, []), name


def test_every_fact_is_in_the_words_of_the_browsers_page(page: Page) -> None:
    for example in examples():
        html = in_three_ways(page, example.elements, example.root)["html"]
        said, lines = words(html), "\n".join(parsed(html).words)
        assert [fact for fact in example.facts if fact not in said and fact not in lines] == [], str(example)


def test_the_outline_is_the_same_on_server_browser_and_terminal(page: Page) -> None:
    for example in examples():
        html = in_three_ways(page, example.elements, example.root)["html"]
        assert outline(html) == outline(rendered(example.elements, example.root)), str(example)
        said = without_declared(said_in(html), "terminal", load(), example.elements, example.root)
        drawn = terminal.outline(example.elements, example.root, now_ms=NOW, width=200)
        assert [str(one) for one in drawn] == said, str(example)


@pytest.mark.parametrize("case", degradations(), ids=lambda case: case.name)
def test_what_is_wrong_is_marked_and_the_rest_is_shown(page: Page, case: Broken) -> None:
    seen = in_three_ways(page, case.elements, case.root)

    said = words(seen["html"])
    assert [part for part in case.shows if part not in said] == []
    assert [part for part in case.hides if part in said] == []
    assert tuple(sorted(set(seen["reports"]))) == case.reports
    assert seen["drawn"] == seen["asServed"]


def test_hostile_strings_stay_text(page: Page) -> None:
    for attack in HOSTILE:
        for component, elements in hostile_trees(attack):
            seen = in_three_ways(page, elements, ROOT)
            assert seen["drawn"] == seen["asServed"], (component, attack)

    assert page.evaluate("window.broken") is None


def test_a_patched_page_is_the_page_drawn_anew(page: Page) -> None:
    pool = [element for one in examples() for element in one.elements.values() if "children" not in element]
    for seed in range(8):
        dice = random.Random(seed)
        topic = Topic("t", epoch="00000000", catalog=load())
        topic.update(a_random_page(dice, pool))
        tree = {**topic.document(now=NOW)}
        deltas = [topic.update(a_random_page(dice, pool)) for _ in range(25)]
        sent = [{"ops": delta.ops, "count": delta.count} for delta in deltas if delta]

        difference = page.evaluate("([tree, deltas]) => helpers.history(tree, deltas)", [tree, sent])

        assert difference is None, f"seed {seed}"


def test_focus_typing_and_folding_survive_every_delta(browser: Browser) -> None:
    start = pages.job()
    page = live(browser, start)
    page.fill("[name='params.keep']", "30")
    page.click("summary")
    open_before = page.evaluate("document.querySelector('details').open")

    for n in range(100):
        page.evaluate(
            "([n, ids]) => window.page.apply(ids.map((id) => "
            "({op: 'add', path: `/elements/${id}`, value: `step ${n}`})))",
            [n, ["page/props/subtitle", "definition/props/note", "form/props/note"]],
        )

    assert page.input_value("[name='params.keep']") == "30"
    assert page.evaluate("document.querySelector('details').open") == open_before
    assert "step 99" in page.inner_text("main")
    page.close()


@pytest.mark.slow  # a thousand deltas, and the browser's garbage has to be collected twice
def test_a_thousand_deltas_take_no_focus_and_leave_nothing_behind(browser: Browser) -> None:
    dice = random.Random(4)
    pool = [element for one in examples() for element in one.elements.values() if "children" not in element]
    kept = next(one for one in examples() if one.name == "three fields").elements[ROOT]
    start = a_random_page_around(dice, pool, kept)
    topic = Topic("t", epoch="00000000", catalog=load())
    topic.update(start)
    page = live(browser, start)
    page.focus("[data-id='kept'] [name='params.keep']")

    counts = []
    for _ in range(2):
        changes = [topic.update(a_random_page_around(dice, pool, kept)) for _ in range(500)]
        changes.append(topic.update(start))
        sent = [{"ops": change.ops, "count": change.count} for change in changes if change]
        assert page.evaluate("(deltas) => helpers.endure(deltas)", sent) == []
        counts.append(what_the_browser_holds(page))

    assert counts[1] == counts[0]
    page.close()


def a_random_page_around(dice: random.Random, pool: list[dict[str, Any]], kept: dict[str, Any]) -> Document:
    """A random page that always holds one certain element, somewhere."""
    document = a_random_page(dice, pool)
    root = document.elements[ROOT]
    held = [*root["children"]]
    held.insert(dice.randint(0, len(held)), "kept")
    return Document(
        topic="t", root=ROOT, elements={**document.elements, ROOT: {**root, "children": held}, "kept": kept}
    )


def what_the_browser_holds(page: Page) -> dict[str, float]:
    """Nodes, also those that are nowhere on the page, and listeners, once garbage is collected."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")
    tools.send("HeapProfiler.collectGarbage")
    metrics = {metric["name"]: metric["value"] for metric in tools.send("Performance.getMetrics")["metrics"]}
    tools.detach()
    return {name: metrics[name] for name in ("Nodes", "JSEventListeners")}


def test_a_list_with_the_focus_inside_keeps_its_order_until_it_is_left(browser: Browser) -> None:
    page = live(browser, pages.overview())
    rows = page.evaluate("window.page.elements.get('jobs').children")
    page.focus("[data-id='job.heartbeat'] button")

    turned = [*reversed(rows)]
    page.evaluate(
        "(ids) => window.page.apply([{op: 'add', path: '/elements/jobs/children', value: ids},"
        " {op: 'add', path: '/elements/job.heartbeat/props/state', value: 'failed'}])",
        turned,
    )
    while_inside = shown_rows(page)
    focused = page.evaluate("document.activeElement.closest('[data-id]').dataset.id")
    waiting = page.get_attribute("tbody", "data-waiting")
    page.focus("[data-id='alert.a'] button")

    assert while_inside == rows
    assert waiting == "10"
    assert focused == "job.heartbeat"
    assert "Failed" in page.inner_text("[data-id='job.heartbeat'] .col-state")
    page.wait_for_function(
        "(ids) => document.querySelector('tbody').firstElementChild.dataset.id === ids[0]", arg=turned
    )
    assert shown_rows(page) == turned
    page.close()


def test_arrow_keys_walk_the_bars_of_a_history_and_each_says_what_it_is(browser: Browser) -> None:
    page = live(browser, pages.job())
    bars = page.locator("[data-id='history.bars'] .bar")
    assert page.locator("[data-id='history.bars'] [tabindex='0']").count() == 1

    bars.last.focus()
    said = [focused_name(page)]
    for key in (
        "ArrowLeft",
        "ArrowLeft",
        "ArrowRight",
        "ArrowRight",
        "ArrowRight",
        "Home",
        "ArrowLeft",
        "End",
    ):
        page.keyboard.press(key)
        said.append(focused_name(page))

    assert [name.split()[0] for name in said] == [f"x.{n}" for n in (59, 58, 57, 58, 59, 59, 0, 0, 59)]
    assert said[1].startswith("x.58 Completed, ")
    assert page.get_by_role("link", name=said[1], exact=True).get_attribute("href") == "/runs/x.58"
    assert page.locator("[data-id='history.bars'] [tabindex='0']").count() == 1
    page.close()


def test_the_bar_with_the_focus_keeps_it_when_a_run_is_added(browser: Browser) -> None:
    page = live(browser, pages.job())
    runs = page.evaluate("window.page.elements.get('history.bars').props.runs")
    page.locator("[data-id='history.bars'] .bar").nth(30).focus()
    before = focused_name(page)

    grown = [*runs[1:], {"id": "x.60", "state": "running"}]
    page.evaluate(
        "(runs) => window.page.apply([{op: 'add', path: '/elements/history.bars/props/runs', value: runs}])",
        grown,
    )

    assert focused_name(page) == before
    assert page.locator("[data-id='history.bars'] .bar").nth(29).get_attribute("data-key") == "x.30"
    page.close()


def focused_name(page: Page) -> str:
    name: str = page.evaluate("document.activeElement.querySelector('title').textContent")
    return name


def test_time_passes_in_texts_and_nowhere_else(browser: Browser) -> None:
    page = live(browser, pages.run())
    before = page.inner_html("#mount")

    page.evaluate("() => { window.now += 65000; window.page.tick(); }")

    assert "1 min 42 s" in page.inner_text("[data-id='phase']")
    assert "almost done" in page.inner_text("[data-id='progress.a']")
    page.evaluate("() => { window.now -= 65000; window.page.tick(); }")
    assert page.inner_html("#mount") == before
    page.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_is_wider_than_the_screen(browser: Browser, width: int) -> None:
    for tree in (pages.overview(), pages.job(), pages.run()):
        page = opened_on(
            browser, rendered(tree.elements, tree.root), viewport={"width": width, "height": 900}
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tree.topic
        page.close()


def test_fingers_can_hit_every_button_on_a_phone(browser: Browser) -> None:
    tree = pages.overview()
    page = opened_on(browser, rendered(tree.elements, tree.root), viewport={"width": 390, "height": 844})

    heights = page.eval_on_selector_all("button", "(all) => all.map((b) => b.getBoundingClientRect().height)")

    assert min(heights) >= 44
    page.close()


def in_three_ways(page: Page, elements: Elements, root: str, *, can_act: bool = True) -> dict[str, Any]:
    html = rendered(elements, root, can_act=can_act)
    tree = document(elements, root)
    seen: dict[str, Any] = page.evaluate(
        "([tree, html, canAct]) => helpers.threeWays(tree, html, canAct)", [tree, html, can_act]
    )
    return seen


def live(browser: Browser, tree: Document) -> Page:
    page = opened_on(browser, rendered(tree.elements, tree.root), viewport={"width": 1440, "height": 900})
    page.evaluate("(tree) => helpers.start(tree)", document(tree.elements, tree.root))
    return page


def shown_rows(page: Page) -> list[str]:
    rows: list[str] = page.eval_on_selector_all(
        "tbody > tr[data-id]", "(all) => all.map((row) => row.dataset.id)"
    )
    return rows


def a_random_page(dice: random.Random, pool: list[dict[str, Any]]) -> Document:
    """A page of random examples under a few ids, in random order, so that everything about an id changes."""
    ids = dice.sample([f"e{n}" for n in range(6)], dice.randint(0, 6))
    chosen = {id_: without_slots(dice.choice(pool)) for id_ in ids}
    rows = [id_ for id_ in ids if chosen[id_]["type"] == "JobRow"]
    others = [id_ for id_ in ids if id_ not in rows]
    cut = dice.randint(0, len(others))
    table = {"type": "JobTable", "props": {"order": "name"}, "children": rows, "text": "jobs"}
    part = {"type": "Section", "props": {"title": dice.choice("ab")}, "children": others[cut:]}
    if dice.random() < 0.3:
        part["props"] = {**part["props"], "collapsed": dice.random() < 0.5}  # type: ignore[dict-item]
    root = {"type": "Page", "props": {"title": "x"}, "children": ["part", *others[:cut], "table"]}
    return Document(topic="t", root=ROOT, elements={ROOT: root, "part": part, "table": table, **chosen})


def without_slots(element: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name != "slots"}
