from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import ClientPayloadError

from fakes.clock import FakeClock
from fakes.web import Client, WebWorld, sign_in
from rota.core.model import Definition
from rota.core.run import Children, Progress, RunState, Step, TriggeredBy


async def test_a_run_going_on_is_shown_with_its_latest_progress(world: WebWorld, client: Client) -> None:
    run = await world.begin()
    world.progress(run, progress=Progress(current=1, total=3, text="users"))

    one = await (await client.get("/api/v1/runs/backup.1")).json()
    listed = await (await client.get("/api/v1/runs")).json()

    assert one["progress"] == {"current": 1, "total": 3, "percent": 33, "text": "users"}
    assert listed["runs"][0]["progress"]["percent"] == 33


async def test_latest_is_the_newest_run(world: WebWorld, client: Client) -> None:
    for _ in range(2):
        await world.finish(await world.begin())

    run = await (await client.get("/api/v1/runs/backup.latest")).json()

    assert run["id"] == "backup.2"


@pytest.mark.parametrize("run", ["backup.9", "backup", "backup.x", "nothing.latest", f"backup.{10**30}"])
async def test_a_run_that_is_not_there_is_404(client: Client, run: str) -> None:
    answer = await client.get(f"/api/v1/runs/{run}")

    assert answer.status == 404


async def test_runs_can_be_narrowed_by_state_and_paged(world: WebWorld, client: Client) -> None:
    for state in (RunState.COMPLETED, RunState.FAILED, RunState.FAILED):
        await world.finish(await world.begin(), state)

    failed = await (await client.get("/api/v1/runs?state=failed&limit=1")).json()
    rest = await (await client.get(f"/api/v1/runs?state=failed&cursor={failed['nextCursor']}")).json()
    both = await (await client.get("/api/v1/jobs/backup/runs?state=failed&state=completed")).json()

    assert [run["id"] for run in failed["runs"]] == ["backup.3"]
    assert [run["id"] for run in rest["runs"]] == ["backup.2"]
    assert (both["total"], both["totalIsCapped"]) == (3, False)


@pytest.mark.parametrize(
    "query", ["state=good", "since=x", "since=9007199254740992", "until=-1", "skipped=maybe", "limit=201"]
)
async def test_a_list_says_what_it_does_not_understand(client: Client, query: str) -> None:
    assert (await client.get(f"/api/v1/runs?{query}")).status == 422


async def test_an_active_run_has_an_eta_when_its_job_is_known_well_enough(
    world: WebWorld, client: Client
) -> None:
    assert isinstance(world.clock, FakeClock)
    for _ in range(3):
        run = await world.begin()
        world.clock.step_wall(timedelta(seconds=60))
        await world.finish(run)
    await world.begin()
    world.clock.step_wall(timedelta(seconds=20))

    run_shape = await (await client.get("/api/v1/runs/backup.4")).json()

    assert run_shape["etaMs"] == 40_000


async def test_steps_and_their_outputs_are_told(world: WebWorld, client: Client) -> None:
    await world.begin(steps=(Step(key="dump", title="Dump", outputs={"size": "1"}),))

    run = await (await client.get("/api/v1/runs/backup.1")).json()

    assert run["steps"][0]["id"] == "dump"
    assert run["steps"][0]["outputs"] == {"size": "1"}


async def test_cancel_is_passed_on(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    await world.begin()

    answer = await client.post("/api/v1/runs/backup.1/cancel", json={"immediately": True}, headers=headers)

    assert answer.status == 202
    assert (await answer.json())["state"] == "cancelled"
    assert world.operations.asked == [("cancel", {"run": "backup.1", "immediately": True})]


async def test_an_outdated_page_does_not_cancel_another_state(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    await world.finish(await world.begin(), RunState.FAILED)

    answer = await client.post(
        "/api/v1/runs/backup.1/cancel", json={"expect": {"state": "running"}}, headers=headers
    )

    assert answer.status == 409
    assert (await answer.json())["reason"] == "outdated"
    assert world.operations.asked == []


async def test_retry_answers_the_new_run(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    await world.finish(await world.begin(), RunState.FAILED)

    answer = await client.post("/api/v1/runs/backup.latest/retry", json={}, headers=headers)

    assert answer.status == 202
    assert (await answer.json())["retryOf"] == "backup.1"
    assert world.operations.asked == [("retry", "backup.1")]


async def test_the_log_is_read_by_pages_and_from_its_end(world: WebWorld, client: Client) -> None:
    run = await world.begin()
    world.print(run, *(f"line {n}" for n in range(10)))

    last = await (await client.get("/api/v1/runs/backup.1/log?limit=3")).json()
    page = await (await client.get("/api/v1/runs/backup.1/log?from=2&limit=3")).json()

    assert [line["n"] for line in last["lines"]] == [7, 8, 9]
    assert [line["text"] for line in page["lines"]] == ["line 2", "line 3", "line 4"]
    assert (page["next"], page["end"], page["step"], page["attempt"]) == (5, False, "main", 1)


async def test_a_run_without_attempt_has_an_empty_log(world: WebWorld, client: Client) -> None:
    await world.begin(attempts=(), state=RunState.PENDING, started_at=None)

    log = await (await client.get("/api/v1/runs/backup.1/log")).json()

    assert log == {"step": None, "attempt": None, "lines": [], "next": 0, "end": False}


async def test_an_attempt_that_was_never_made_has_no_log(world: WebWorld, client: Client) -> None:
    await world.begin()

    assert (await client.get("/api/v1/runs/backup.1/log?attempt=7")).status == 404
    assert (await client.get("/api/v1/runs/backup.1/log.txt?step=other")).status == 404


async def test_the_raw_log_is_plain_text_that_no_browser_takes_for_a_page(
    world: WebWorld, client: Client
) -> None:
    run = await world.begin()
    world.print(run, "<script>alert(1)</script>")

    answer = await client.get("/api/v1/runs/backup.1/log.txt")

    assert answer.content_type == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert await answer.text() == "<script>alert(1)</script>\n"


async def test_who_asks_for_the_head_of_a_log_gets_none_of_what_the_job_wrote(
    world: WebWorld, client: Client
) -> None:
    run = await world.begin()
    world.print(run, "HTTP/1.1 200 OK")
    reader, writer = await asyncio.open_connection(client.host, client.port)

    head = f"HEAD /api/v1/runs/backup.1/log.txt HTTP/1.1\r\nHost: {client.host}:{client.port}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.partition(b"\r\n\r\n")[2] == b""


async def test_half_a_log_does_not_look_like_all_of_it(
    world: WebWorld, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, **__: object) -> Iterator[bytes]:
        yield b"the first half\n"
        raise OSError("the disk is broken")

    await world.begin()
    monkeypatch.setattr(world.logs, "raw", broken)

    answer = await client.get("/api/v1/runs/backup.1/log.txt")

    with pytest.raises(ClientPayloadError):
        await answer.read()


async def test_half_a_surrogate_pair_from_a_job_does_not_break_an_answer(
    world: WebWorld, client: Client
) -> None:
    run = await world.begin()
    world.board.record(replace(run, message="\ud800"))

    answer = await client.get("/api/v1/runs/backup.1")

    assert (await answer.json())["message"] == "\ud800"


async def test_the_definition_of_a_run_is_shown_beside_the_one_in_force(
    world: WebWorld, client: Client
) -> None:
    spec = world.specs[0]
    run = await world.begin()
    then = Definition(text='{"run":"old","tags":["a"]}', hash="then")
    await world.store.save_definitions({then.hash: then.text})
    await world.store.save(replace(run, definition=then.hash, commit="1a2b3c4d" * 5, dirty=True))
    now = Definition(text='{"run":"new","tags":["a"]}', hash="now")
    world.board.jobs["backup"].spec = replace(spec, definition=now)
    world.board.jobs["backup"].open_runs.clear()

    found = await (await client.get("/api/v1/runs/backup.1/definition")).json()

    assert found["keys"] == ["run"]
    assert found["diff"].splitlines()[2:] == ["@@ -1,2 +1,2 @@", " tags: [a]", "-run: old", "+run: new"]
    assert (found["then"]["commit"], found["then"]["dirty"]) == ("1a2b3c4d" * 5, True)
    assert found["now"]["text"] == "tags: [a]\nrun: new\n"


async def test_a_definition_that_is_gone_and_one_that_is_the_same_have_no_difference(
    world: WebWorld, client: Client
) -> None:
    await world.begin()
    same = await (await client.get("/api/v1/runs/backup.1/definition")).json()
    world.board.jobs.clear()
    gone = await (await client.get("/api/v1/runs/backup.1/definition")).json()

    assert (same["then"]["hash"], same["diff"], same["keys"]) == (same["now"]["hash"], "", [])
    assert (gone["now"], gone["then"]["text"]) == (None, None)


async def test_children_are_listed_by_their_parent_and_shown_as_they_are_now(
    world: WebWorld, client: Client
) -> None:
    run = await world.begin()
    await world.store.save(replace(run, children=Children(running=1)))
    world.board.record(replace(run, children=Children(running=1)))
    child = replace(run, parent=1, number=1, items=("a",), attempts=(), triggered_by=TriggeredBy.BATCH)
    await world.store.add_children([child])
    world.board.record(replace(child, progress=Progress(current=1, total=2)))

    found = await (await client.get("/api/v1/runs?parent=backup.1&state=running")).json()
    one = await (await client.get("/api/v1/runs/backup.1.1")).json()
    parent = await (await client.get("/api/v1/runs/backup.1")).json()

    assert [each["id"] for each in found["runs"]] == ["backup.1.1"]
    assert (one["parent"], one["items"], one["progress"]["percent"]) == ("backup.1", ["a"], 50)
    assert parent["children"]["running"] == 1
    assert (await client.get("/api/v1/runs?parent=backup.1.1")).status == 422
    assert (await client.get("/api/v1/runs?parent=backup.7")).status == 404
    page = await (await client.get("/runs/backup.1")).text()
    assert 'href="/runs/backup.1.1"' in page
