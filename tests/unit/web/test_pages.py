from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fakes.jobs import a_job
from fakes.web import Client, WebWorld, a_client
from rota.core.run import RunState


def embedded(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="tree">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize(
    ("path", "topic"), [("/", "overview"), ("/jobs/backup", "job/backup"), ("/runs/backup.1", "run/backup.1")]
)
async def test_a_page_carries_its_tree_with_the_position_to_go_on_from(
    world: WebWorld, client: Client, path: str, topic: str
) -> None:
    await world.finish(await world.begin())

    page = await (await client.get(path)).text()
    polled = await (await client.get(f"/api/v1/trees/{topic}")).json()

    tree = embedded(page)
    assert (tree["topic"], tree["epoch"], tree["seq"]) == (
        topic,
        polled["tree"]["epoch"],
        polled["tree"]["seq"],
    )
    assert tree["elements"] == polled["tree"]["elements"]


async def test_a_page_is_complete_without_script(world: WebWorld, client: Client) -> None:
    await world.finish(await world.begin(), RunState.FAILED, message="exit code 3")

    page = await (await client.get("/")).text()
    visible = page.partition('<script type="application/json"')[0]

    assert "backup failed" in visible
    assert "exit code 3" in visible
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in page
    assert "<title>(1) Overview" in page


async def test_no_text_of_a_job_becomes_markup(world: WebWorld, client: Client) -> None:
    hostile = "</script><script>alert(1)</script>"
    world.load(a_job("backup", title=hostile, owner=hostile, tags=(hostile[:60],)))
    run = await world.begin()
    world.print(run, hostile)
    await world.finish(run, RunState.FAILED, message=hostile)

    for path in ("/", "/jobs/backup", "/runs/backup.1"):
        assert "<script>alert" not in await (await client.get(path)).text()


async def test_no_page_has_script_or_style_of_its_own(world: WebWorld, client: Client) -> None:
    await world.begin()

    for path in ("/", "/jobs/backup", "/runs/backup.1", "/jobs/nothing"):
        page = await (await client.get(path)).text()
        assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []
        assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []


async def test_latest_leads_to_the_newest_run(world: WebWorld, client: Client) -> None:
    await world.finish(await world.begin())

    answer = await client.get("/runs/backup.latest", allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (302, "/runs/backup.1")


@pytest.mark.parametrize("path", ["/jobs/nothing", "/runs/backup.9", "/runs/x", "/elsewhere"])
async def test_what_is_not_there_is_told_to_people(client: Client, path: str) -> None:
    answer = await client.get(path)

    assert (answer.status, answer.content_type) == (404, "text/html")
    assert "<h1>Not found</h1>" in await answer.text()


async def test_the_filter_works_on_the_server_too(world: WebWorld, client: Client) -> None:
    world.load(a_job("backup"), a_job("report"))

    page = await (await client.get("/?q=rep")).text()

    assert 'data-name="report"' in page
    assert 'data-name="backup"' not in page
    assert 'value="rep"' in page


async def test_a_filter_that_is_too_long_is_refused(client: Client) -> None:
    assert (await client.get("/?q=" + "x" * 300)).status == 422


async def test_ten_thousand_jobs_make_a_page() -> None:
    world = WebWorld([a_job(f"job-{n:05d}") for n in range(10_000)])
    browser = await a_client(world)

    page = await (await browser.get("/?page=50")).text()
    await browser.close()

    assert page.count('class="c-job-row"') == 200
    assert 'data-name="job-09999"' in page


async def test_the_timeline_is_a_page_that_others_lead_to(client: Client) -> None:
    page = await client.get("/timeline")
    overview = await client.get("/")

    assert page.status == 200
    assert "Timeline" in await page.text()
    assert 'href="/timeline"' in await overview.text()
