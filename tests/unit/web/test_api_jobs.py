from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fakes.jobs import a_job
from fakes.schedules import cron
from fakes.web import Client, WebWorld, a_client, sign_in
from rota.core.errors import Conflict, InvalidRequest, Unavailable
from rota.core.instant import to_ms
from rota.core.problems import Problem
from rota.core.run import RunState
from rota.web.answers import LATEST_MS


async def test_a_list_goes_on_where_its_page_ended(world: WebWorld, client: Client) -> None:
    world.load(*(a_job(f"job-{n}") for n in range(5)))

    first = await (await client.get("/api/v1/jobs?limit=2")).json()
    rest = await (await client.get(f"/api/v1/jobs?limit=10&cursor={first['nextCursor']}")).json()

    assert [job["id"] for job in first["jobs"]] == ["job-0", "job-1"]
    assert [job["id"] for job in rest["jobs"]] == ["job-2", "job-3", "job-4"]
    assert (first["total"], rest["nextCursor"]) == (5, None)


async def test_a_list_can_be_narrowed_by_text_tag_and_state(world: WebWorld, client: Client) -> None:
    world.load(a_job("a", title="Dump", tags=("db",)), a_job("b", owner="db@x", enabled=False), a_job("c"))

    async def found(query: str) -> list[str]:
        return [job["id"] for job in (await (await client.get(f"/api/v1/jobs?{query}")).json())["jobs"]]

    assert await found("q=DB") == ["a", "b"]
    assert await found("tag=db") == ["a"]
    assert await found("state=disabled") == ["b"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "state=broken"])
async def test_a_list_says_what_it_does_not_understand(client: Client, query: str) -> None:
    answer = await client.get(f"/api/v1/jobs?{query}")

    assert answer.status == 422
    assert (await answer.json())["problems"][0]["path"] == f"/{query.split('=')[0]}"


async def test_nothing_is_sent_again_that_the_caller_has(client: Client) -> None:
    first = await client.get("/api/v1/jobs/backup")
    again = await client.get("/api/v1/jobs/backup", headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status, again.status) == (200, 304)


async def test_a_job_shows_the_problems_of_its_file(world: WebWorld, client: Client) -> None:
    file = "/etc/rota/jobs.d/backup.yaml"
    problem = Problem(file=file, line=3, column=1, message="unknown key `timout`", hint="timeout?")
    world.load(a_job("backup"), problems=(problem,), stale=frozenset({"backup"}))

    job = await (await client.get("/api/v1/jobs/backup")).json()

    assert job["stale"] is True
    assert job["problems"][0]["hint"] == "timeout?"


async def test_a_job_shows_the_problems_of_the_defaults_that_hold_for_it_and_of_no_other_file(
    world: WebWorld, client: Client
) -> None:
    def problem(file: str) -> Problem:
        return Problem(file=file, line=1, column=1, message=file)

    jobs = "/etc/rota/jobs.d"
    files = (f"{jobs}/_defaults.yaml", "/etc/rota", f"{jobs}/backup.yaml.d", f"{jobs}/sub/_defaults.yaml")
    world.load(a_job("backup"), problems=tuple(map(problem, files)))

    job = await (await client.get("/api/v1/jobs/backup")).json()

    assert [each["file"] for each in job["problems"]] == [f"{jobs}/_defaults.yaml", "/etc/rota"]


async def test_due_instants_come_in_the_zone_of_their_trigger(world: WebWorld, client: Client) -> None:
    world.load(a_job("backup", triggers=(cron("0 2 * * *", "Europe/Berlin"),)))

    answer = await (await client.get("/api/v1/jobs/backup/next?count=1")).json()

    at = datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert answer["next"] == [
        {
            "job": "backup",
            "trigger": "0 2 * * *",
            "at": to_ms(at),
            "startsAt": to_ms(at),
            "local": "2026-01-01T02:00:00+01:00",
            "zone": "Europe/Berlin",
        }
    ]


async def test_due_instants_end_at_until(world: WebWorld, client: Client) -> None:
    world.load(a_job("backup", triggers=(cron("0 * * * *"),)))
    until = to_ms(world.clock.now() + timedelta(hours=3))

    answer = await (await client.get(f"/api/v1/jobs/backup/next?until={until}")).json()

    assert len(answer["next"]) == 3


@pytest.mark.parametrize("query", ["from=9007199254740992", "until=9007199254740992", "from=-1"])
async def test_an_instant_that_no_calendar_has_is_refused(client: Client, query: str) -> None:
    assert (await client.get(f"/api/v1/jobs/backup/next?{query}")).status == 422


async def test_a_schedule_can_be_asked_for_as_far_as_calendars_go(world: WebWorld, client: Client) -> None:
    world.load(a_job("backup", triggers=(cron("0 2 * * *", "Asia/Tokyo"),)))

    assert (await client.get(f"/api/v1/jobs/backup/next?from={LATEST_MS}")).status == 200


async def test_a_job_that_is_not_there_is_404(client: Client) -> None:
    answer = await client.get("/api/v1/jobs/nothing")

    assert answer.status == 404
    assert answer.content_type == "application/problem+json"


async def test_run_now_passes_parameters_and_instant_on(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    body = {"params": {"database": "app"}, "scheduledFor": 1_767_225_600_000}

    answer = await client.post("/api/v1/jobs/backup/runs", json=body, headers=headers)

    assert answer.status == 202
    assert answer.headers["Location"] == "/api/v1/runs/backup.1"
    asked = {
        "job": "backup",
        "params": {"database": "app"},
        "scheduled_for": datetime(2026, 1, 1, tzinfo=UTC),
    }
    assert world.operations.asked == [("run_now", asked)]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"parms": {}}, ""),
        ({"params": []}, "/params"),
        ({"scheduledFor": "x"}, "/scheduledFor"),
        ({"scheduledFor": 2**53}, "/scheduledFor"),
    ],
)
async def test_a_body_that_does_not_fit_the_contract_is_refused(
    world: WebWorld, client: Client, body: object, pointer: str
) -> None:
    headers = await sign_in(client, world)

    answer = await client.post("/api/v1/jobs/backup/runs", json=body, headers=headers)

    assert answer.status == 422
    assert (await answer.json())["problems"][0]["path"] == pointer
    assert world.operations.asked == []


async def test_a_body_that_is_nested_too_deep_is_refused(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world) | {"Content-Type": "application/json"}

    answer = await client.post("/api/v1/jobs/backup/runs", data="[" * 100_000, headers=headers)

    assert answer.status == 422


async def test_only_json_is_taken(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)

    answer = await client.post("/api/v1/jobs/backup/runs", data={"params": "x"}, headers=headers)

    assert answer.status == 415


@pytest.mark.parametrize(
    ("error", "status", "member"),
    [
        (Conflict("overlap", "backup.1 is running."), 409, ("reason", "overlap")),
        (Unavailable("The disk is full."), 503, ("detail", "The disk is full.")),
        (
            InvalidRequest("No.", [Problem(file="", line=0, column=0, path="/x", message="No.")]),
            422,
            ("problems", [{"path": "/x", "message": "No."}]),
        ),
    ],
)
async def test_what_is_refused_is_a_problem_document(
    world: WebWorld, client: Client, error: Exception, status: int, member: tuple[str, object]
) -> None:
    headers = await sign_in(client, world)
    world.operations.refuse_with = error

    answer = await client.post("/api/v1/jobs/backup/runs", json={}, headers=headers)

    assert answer.status == status
    assert (await answer.json())[member[0]] == member[1]


async def test_an_outdated_page_does_not_start_a_job_again(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    await world.finish(await world.begin())

    answer = await client.post(
        "/api/v1/jobs/backup/runs", json={"expect": {"lastRun": None}}, headers=headers
    )

    assert answer.status == 409
    assert (await answer.json())["current"] == {"state": "completed", "lastRun": "backup.1"}
    assert world.operations.asked == []


async def test_pause_and_resume_answer_the_job_as_it_is_then(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world)
    until = to_ms(world.clock.now() + timedelta(hours=1))

    paused = await client.post(
        "/api/v1/jobs/backup/pause", json={"until": until, "note": "upgrade"}, headers=headers
    )
    resumed = await client.post("/api/v1/jobs/backup/resume", json={}, headers=headers)

    assert (await paused.json())["paused"]["note"] == "upgrade"
    assert (await paused.json())["state"] == "paused"
    assert (await resumed.json())["paused"] is None


async def test_the_same_key_starts_one_run(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world) | {"Idempotency-Key": "one"}

    first = await client.post("/api/v1/jobs/backup/runs", json={}, headers=headers)
    second = await client.post("/api/v1/jobs/backup/runs", json={}, headers=headers)
    other = await client.post("/api/v1/jobs/backup/runs", json={"params": {}}, headers=headers)

    assert len(world.operations.asked) == 1
    assert await first.json() == await second.json()
    assert second.headers["Location"] == "/api/v1/runs/backup.1"
    assert other.status == 422


async def test_a_refusal_is_not_remembered_under_its_key(world: WebWorld, client: Client) -> None:
    headers = await sign_in(client, world) | {"Idempotency-Key": "one"}
    world.operations.refuse_with = Unavailable("The disk is full.")
    await client.post("/api/v1/jobs/backup/runs", json={}, headers=headers)
    world.operations.refuse_with = None

    answer = await client.post("/api/v1/jobs/backup/runs", json={}, headers=headers)

    assert answer.status == 202


async def test_a_running_job_names_its_run(world: WebWorld, client: Client) -> None:
    run = await world.begin()

    job = await (await client.get("/api/v1/jobs/backup")).json()
    await world.finish(run, RunState.FAILED, message="exit code 3")
    after = await (await client.get("/api/v1/jobs/backup")).json()

    assert (job["state"], job["running"]) == ("running", ["backup.1"])
    assert (after["state"], after["lastRun"]["message"]) == ("failed", "exit code 3")


async def test_ten_thousand_jobs_are_listed_by_pages() -> None:
    world = WebWorld([a_job(f"job-{n:05d}") for n in range(10_000)])
    browser = await a_client(world)

    answer = await (await browser.get("/api/v1/jobs?limit=1000&cursor=job-08999")).json()
    await browser.close()

    assert (len(answer["jobs"]), answer["nextCursor"], answer["total"]) == (1000, None, 10_000)
