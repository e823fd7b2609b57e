from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, UnixConnector, WSServerHandshakeError, web

from fakes.web import Client, WebWorld, a_client, sign_in
from rota.web.headers import CONTENT_SECURITY_POLICY

PAGES = [
    "/",
    "/jobs/backup",
    "/api/v1/jobs",
    "/api/v1/trees/overview",
    "/healthz",
    "/api/v1/live",
    "/ws/jobs/backup",
]


@pytest.mark.parametrize("path", PAGES)
async def test_a_name_that_is_not_ours_is_refused_everywhere(client: Client, path: str) -> None:
    answer = await client.get(path, headers={"Host": "evil.example:80"})

    assert answer.status == 403


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:1", "http://127.0.0.1:1", "http://["]
)
async def test_another_site_is_refused_everywhere(client: Client, path: str, origin: str) -> None:
    answer = await client.get(path, headers={"Origin": origin})

    assert answer.status == 403


async def test_localhost_with_our_port_is_us(client: Client) -> None:
    answer = await client.get("/healthz", headers={"Host": f"localhost:{client.port}"})

    assert answer.status == 200


async def test_a_configured_name_is_us_also_behind_a_proxy_that_speaks_tls(world: WebWorld) -> None:
    browser = await a_client(world, hosts=("rota.example.org",))
    headers = {"Host": "rota.example.org", "Origin": "https://rota.example.org"}

    answer = await browser.get("/healthz", headers=headers)
    await browser.close()

    assert answer.status == 200


@pytest.mark.parametrize("path", ["/api/v1/live", "/ws/jobs/backup"])
async def test_a_websocket_without_origin_is_refused(client: Client, path: str) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect(path)

    assert refused.value.status == 403


ACTS = [
    "/api/v1/jobs/backup/runs",
    "/api/v1/jobs/backup/pause",
    "/api/v1/jobs/backup/resume",
    "/api/v1/runs/backup.1/cancel",
    "/api/v1/runs/backup.1/retry",
    "/api/v1/reload",
]


@pytest.mark.parametrize("path", ACTS)
async def test_nobody_acts_without_a_session(client: Client, world: WebWorld, path: str) -> None:
    answer = await client.post(path, json={})

    assert answer.status == 401
    assert "rota link" in (await answer.json())["detail"]
    assert world.operations.asked == []


def acts(world: WebWorld) -> list[tuple[str, str]]:
    """Method and path of every route that changes something, but for signing in, which makes the session."""
    names = {"job": "backup", "run": "backup.1", "scope": "all"}
    found = []
    for route in world.app().router.routes():
        if route.method not in ("GET", "HEAD", "OPTIONS") and route.resource is not None:
            path = re.sub(r"\{(\w+)[^}]*\}", lambda name: names[name[1]], route.resource.canonical)
            found.append((route.method, path))
    return [each for each in found if each[1] != "/sign-in"]


async def test_no_route_that_changes_something_forgets_to_ask_who_it_is(
    client: Client, world: WebWorld
) -> None:
    async def statuses(headers: dict[str, str]) -> dict[str, int]:
        found = {}
        for method, path in acts(world):
            sent: dict[str, Any] = {"json": {}} if path.startswith("/api/") else {"data": {"a": "b"}}
            found[f"{method} {path}"] = (await client.request(method, path, headers=headers, **sent)).status
        return found

    without_session = await statuses({})
    headers = await sign_in(client, world)
    without_token = await statuses({"Origin": headers["Origin"]})

    assert len(without_session) > 15
    assert set(without_session.values()) <= {401, 403}, without_session
    assert set(without_token.values()) <= {403}, without_token
    assert world.operations.asked == []


async def test_a_session_without_the_pages_token_does_not_act(client: Client, world: WebWorld) -> None:
    headers = await sign_in(client, world)

    answer = await client.post(ACTS[0], json={}, headers={"Origin": headers["Origin"]})

    assert answer.status == 403
    assert (await answer.json())["type"] == "urn:rota:problem:csrf"
    assert world.operations.asked == []


async def test_a_token_that_is_no_text_is_a_wrong_token(client: Client, world: WebWorld) -> None:
    headers = await sign_in(client, world)
    cookie = next(iter(client.session.cookie_jar))
    reader, writer = await asyncio.open_connection(client.host, client.port)

    head = (
        f"POST {ACTS[0]} HTTP/1.1\r\nHost: {client.host}:{client.port}\r\nOrigin: {headers['Origin']}\r\n"
        f"Cookie: {cookie.key}={cookie.value}\r\nConnection: close\r\nX-CSRF-Token: "
    )
    writer.write(head.encode() + b"\xff\r\n\r\n")
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 403 ")


async def test_a_session_without_origin_does_not_act(client: Client, world: WebWorld) -> None:
    headers = await sign_in(client, world)
    del headers["Origin"]

    answer = await client.post(ACTS[0], json={}, headers=headers)

    assert answer.status == 403


async def test_a_signed_in_page_acts(client: Client, world: WebWorld) -> None:
    headers = await sign_in(client, world)

    answer = await client.post(ACTS[0], json={}, headers=headers)

    assert answer.status == 202
    assert world.operations.asked[0][0] == "run_now"


async def test_over_the_unix_socket_the_file_decides(world: WebWorld, tmp_path: Path) -> None:
    runner = web.AppRunner(world.app())
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "rota.sock")).start()
    async with ClientSession(connector=UnixConnector(str(tmp_path / "rota.sock"))) as session:
        acted = await session.post("http://localhost/api/v1/jobs/backup/runs", json={})
        link = await session.post("http://localhost/api/v1/session/links", json={})
        browser = await session.get("http://localhost/healthz", headers={"Origin": "http://localhost"})
        url = json.loads(await link.text())["url"]
    await runner.cleanup()

    assert acted.status == 202
    assert link.status == 201
    assert url.startswith("http://127.0.0.1:8321/sign-in?token=")
    assert browser.status == 403


async def test_links_are_made_on_the_unix_socket_only(client: Client) -> None:
    answer = await client.post("/api/v1/session/links", json={})

    assert answer.status == 403


async def test_every_page_carries_the_policy(client: Client) -> None:
    answer = await client.get("/")

    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
