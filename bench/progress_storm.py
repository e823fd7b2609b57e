"""What ten thousand progress events a second from one job cost, and how often its page hears of them.

    .venv/bin/python bench/progress_storm.py [--rate 10000] [--seconds 20] [--by lines|notices]

A real daemon and a real job; a client of the live protocol looks at the page of the run and at its log, and
counts the frames that it gets. CPU is that of the daemon and of the runner over the seconds of the storm.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from measure import Usage, by_command, table, usage, verdict
from peers import ROTA
from rota.engine.clock import SystemClock

GOAL_CPU, GOAL_FRAMES = 0.5, 20.0
SOURCE = """
import os, socket, sys, time
rate, seconds, by = {rate}, {seconds}, {by!r}
out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
total = rate * seconds
def lines(first, last):
    sys.stdout.write("".join(f"::progress {{n}}/{{total}} item {{n}}\\n" for n in range(first, last)))
    sys.stdout.flush()
def notices(first, last):
    for n in range(first, last):
        text = f"X_ROTA_PROGRESS={{n}}/{{total}} item {{n}}"
        out.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
time.sleep(2)
begin, done = time.monotonic(), 0
while done < total:
    due = min(total, int((time.monotonic() - begin) * rate))
    (lines if by == "lines" else notices)(done, due)
    done = due
    time.sleep(0.002)
print(f"took {{time.monotonic() - begin:.2f}} s", flush=True)
time.sleep(2)
"""


@dataclass
class Storm:
    """What was seen of it."""

    frames: list[float] = field(default_factory=list)  # instants of frames that tell progress
    took: float = 1.0  # seconds in which they came
    largest: int = 0  # bytes of a frame
    daemon: float = 0.0  # CPU seconds
    runner: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--by", choices=["lines", "notices"], default="lines")
    parser.add_argument("--quick", action="store_true", help="eight seconds, under a minute")
    given = parser.parse_args()
    if given.quick:
        parser.set_defaults(seconds=8)
        given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        jobs = Path(name) / "jobs.d"
        jobs.mkdir()
        source = SOURCE.format(rate=given.rate, seconds=given.seconds, by=given.by)
        (jobs / "storm.yaml").write_text(json.dumps({"exec": ["python3", "-c", source]}))
        storm = asyncio.run(_measure(Path(name), jobs, given.seconds))
    _report(storm, given.rate, given.seconds, given.by)


async def _measure(folder: Path, jobs: Path, seconds: int) -> Storm:
    command = [str(ROTA), "serve", str(jobs), "--state", str(folder / "state"), "--log", "json"]
    with (folder / "log").open("wb") as log:
        daemon = await asyncio.create_subprocess_exec(
            *command, "--listen", "127.0.0.1:0", stdout=asyncio.subprocess.PIPE, stderr=log
        )
    assert daemon.stdout is not None
    ready = json.loads(await daemon.stdout.readline())
    try:
        over_socket = aiohttp.UnixConnector(path=ready["socket"])
        async with aiohttp.ClientSession("http://rota", connector=over_socket) as client:
            return await _watch(client, daemon.pid, seconds, str(folder))
    finally:
        daemon.terminate()
        await daemon.wait()


async def _watch(client: aiohttp.ClientSession, pid: int, seconds: int, folder: str) -> Storm:
    storm, clock = Storm(), SystemClock()
    async with client.post("/api/v1/jobs/storm/runs", json={}) as answer:
        run = (await answer.json())["id"]
    async with client.ws_connect("/api/v1/live", protocols=["render-tree.v1"]) as socket:
        await socket.send_json({"t": "hello", "v": 1, "client": "bench"})
        await clock.sleep(1.0)  # its process is there
        (runner,) = by_command("rota.runner", folder)
        for topic in (f"run/{run}", f"log/{run}/main.1"):
            await socket.send_json({"t": "sub", "topic": topic})
        counting = asyncio.create_task(_count(socket, storm))
        await clock.sleep(1.5)  # the storm has begun
        before = _both(pid, runner)
        begin = time.monotonic()
        await clock.sleep(seconds - 1.0)
        after, took = _both(pid, runner), time.monotonic() - begin
        storm.took = took
        storm.frames = [at for at in storm.frames if begin <= at <= begin + took]
        storm.daemon = (after[0].cpu - before[0].cpu) / took
        storm.runner = (after[1].cpu - before[1].cpu) / took
        counting.cancel()
    return storm


async def _count(socket: aiohttp.ClientWebSocketResponse, storm: Storm) -> None:
    async for message in socket:
        frame: dict[str, Any] = json.loads(message.data)
        if frame["t"] == "delta":
            storm.frames.append(time.monotonic())
            storm.largest = max(storm.largest, len(message.data))
        if frame["t"] in ("error", "gone"):
            print(message.data)


def _both(daemon: int, runner: int) -> tuple[Usage, Usage]:
    return usage([daemon]), usage([runner])


def _report(storm: Storm, rate: int, seconds: int, by: str) -> None:
    frames = len(storm.frames) / storm.took
    gaps = [later - earlier for earlier, later in zip(storm.frames, storm.frames[1:], strict=False)]
    print(f"{rate} progress events a second for {seconds} s, by {by}")
    text = table(
        ("figure", "measured", "goal"),
        [
            ("CPU of the daemon", f"{storm.daemon:.2f} cores", f"{GOAL_CPU}"),
            ("CPU of the runner", f"{storm.runner:.2f} cores", ""),
            ("frames of the page", f"{frames:.1f} a second", f"about {GOAL_FRAMES:.0f}"),
            ("longest time between two", f"{max(gaps, default=0) * 1000:.0f} ms", ""),
            ("largest frame", f"{storm.largest} bytes", ""),
        ],
    )
    print(text)
    print(verdict("cores of the daemon", storm.daemon, GOAL_CPU, ""))
    print(verdict("seconds a frame of the page", 1 / max(frames, 0.01), 1 / GOAL_FRAMES, " s"))


if __name__ == "__main__":
    main()
