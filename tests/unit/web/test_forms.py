"""Pages without script."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fakes.jobs import a_job
from fakes.web import Client, WebWorld, sign_in
from rota.core.run import RunState


async def test_run_now_leads_to_the_new_run(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    form = {"csrf": headers["X-CSRF-Token"]}

    answer = await client.post("/jobs/backup/run", data=form, headers=headers, allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (303, "/runs/backup.1")


async def test_the_fields_of_a_form_take_the_types_of_the_parameters(world: WebWorld, client: Client) -> None:
    world.load(a_job("backup", params={"count": {"type": "integer"}, "name": {"type": "string"}}))
    headers = await sign_in(client, world)
    form = {"csrf": headers["X-CSRF-Token"], "params.count": "3", "params.name": "7"}

    await client.post("/jobs/backup/run", data=form, headers=headers, allow_redirects=False)

    asked = world.operations.asked[0][1]
    assert isinstance(asked, dict)
    assert asked["params"] == {"count": 3, "name": "7"}


async def test_an_outdated_form_starts_nothing(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    await world.finish(await world.begin())
    form = {"csrf": headers["X-CSRF-Token"], "expect.lastRun": "backup.0"}

    answer = await client.post("/jobs/backup/run", data=form, headers=headers, allow_redirects=False)

    assert answer.status == 409
    assert "has changed meanwhile" in await answer.text()
    assert world.operations.asked == []


async def test_a_dangerous_form_asks_first(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    await world.begin()
    form = {"csrf": headers["X-CSRF-Token"]}

    asked = await client.post("/runs/backup.1/cancel", data=form, headers=headers, allow_redirects=False)
    page = await asked.text()
    done = await client.post(
        "/runs/backup.1/cancel", data=form | {"confirmed": "yes"}, headers=headers, allow_redirects=False
    )

    assert asked.status == 200
    assert "Cancel this run?" in page
    assert world.operations.asked == [("cancel", {"run": "backup.1", "immediately": False})]
    assert (done.status, done.headers["Location"]) == (303, "/runs/backup.1")


async def test_pause_asks_first_and_resume_does_not(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    form = {"csrf": headers["X-CSRF-Token"]}

    await client.post("/jobs/backup/pause", data=form, headers=headers, allow_redirects=False)
    assert world.operations.asked == []
    await client.post(
        "/jobs/backup/pause", data=form | {"confirmed": "yes"}, headers=headers, allow_redirects=False
    )
    await client.post("/jobs/backup/resume", data=form, headers=headers, allow_redirects=False)

    assert [what for what, _ in world.operations.asked] == ["pause", "resume"]


async def test_the_next_instant_is_skipped_by_form_and_the_wish_taken_back(
    world: WebWorld, client: Client
) -> None:
    headers = await sign_in(client, world)
    form = {"csrf": headers["X-CSRF-Token"]}

    for wish in ("skip", "unskip"):
        answer = await client.post(f"/jobs/backup/{wish}", data=form, headers=headers, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/jobs/backup")

    assert [what for what, _ in world.operations.asked] == ["skip", "undo_skip"]


async def test_a_pause_by_form_takes_its_length_and_note(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    form = {"csrf": headers["X-CSRF-Token"]}
    asked = await client.post("/jobs/backup/pause", data=form, headers=headers)
    page = await asked.text()
    assert 'name="note"' in page
    assert '<option value="4">4 hours</option>' in page

    wish = form | {"confirmed": "yes", "for": "4", "note": " disks "}
    await client.post("/jobs/backup/pause", data=wish, headers=headers, allow_redirects=False)
    wrong = await client.post("/jobs/backup/pause", data=wish | {"for": "5"}, headers=headers)

    until = world.clock.now() + timedelta(hours=4)
    assert world.operations.asked == [("pause", {"job": "backup", "until": until, "note": "disks"})]
    assert wrong.status == 422


async def test_retry_leads_to_the_new_run(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    await world.finish(await world.begin(), RunState.FAILED)
    form = {"csrf": headers["X-CSRF-Token"], "expect.state": "failed"}

    answer = await client.post("/runs/backup.1/retry", data=form, headers=headers, allow_redirects=False)

    assert answer.headers["Location"] == "/runs/backup.2"


async def test_a_form_without_the_token_does_nothing(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)

    answer = await client.post(
        "/jobs/backup/run",
        data={"csrf": "wrong"},
        headers={"Origin": headers["Origin"]},
        allow_redirects=False,
    )

    assert answer.status == 403
    assert world.operations.asked == []


async def test_a_form_from_a_browser_that_is_not_signed_in_says_how_to(
    world: WebWorld, client: Client
) -> None:
    answer = await client.post("/jobs/backup/run", data={}, allow_redirects=False)

    assert answer.status == 401
    assert "rota link" in await answer.text()


async def test_json_is_not_taken_where_forms_are_posted(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)

    answer = await client.post("/jobs/backup/run", json={}, headers=headers, allow_redirects=False)

    assert answer.status == 415


@pytest.mark.parametrize(
    "path",
    ["/runs/backup.1/cancel", "/jobs/backup/pause", "/jobs/backup/resume", "/jobs/backup/skip"],
)
async def test_a_form_made_for_another_state_changes_nothing(
    world: WebWorld, client: Client, path: str
) -> None:
    headers = await sign_in(client, world)
    await world.begin()
    form = {"csrf": headers["X-CSRF-Token"], "confirmed": "yes", "expect.state": "pending"}

    answer = await client.post(path, data=form, headers=headers, allow_redirects=False)

    assert answer.status == 409
    assert world.operations.asked == []


async def test_the_page_that_asks_carries_on_what_was_expected(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    await world.begin()
    form = {"csrf": headers["X-CSRF-Token"], "expect.state": "running"}

    asked = await client.post("/runs/backup.1/cancel", data=form, headers=headers)

    assert '<input type="hidden" name="expect.state" value="running">' in await asked.text()
