"""What the children of a batch cost: CPU of daemon and runner a child, memory, and how late a change is seen.

    .venv/bin/python bench/batch.py [--children 10000] [--at-once 8] [--quick]

One run of a batch of so many items whose work is `/bin/true`. Beside it the answers of the list of children
and of the parent's page, asked for the whole time.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import urllib.request
from pathlib import Path
from threading import Event
from typing import Any

import peers
from measure import by_command, median, percentile, table, usage, verdict

GOAL_OVERHEAD_MS = 20.0  # CPU of daemon and runner for each change of a child; one has two, its begin and end
GOAL_ANSWER_MS = 50.0
PORT = 18740
LOOK_EVERY = 0.5  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--children", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="1,000 children")
    options = parser.parse_args()
    count = 1000 if options.quick else options.children
    with tempfile.TemporaryDirectory() as folder:
        _report(count, _run(count, options.at_once, Path(folder)))


def _run(count: int, at_once: int, folder: Path) -> dict[str, float]:
    (folder / "jobs").mkdir()
    job = f"batch: {{items_from: {{exec: [seq, '{count}']}}, exec: [/bin/true], at_once: {at_once}, "
    (folder / "jobs" / "many.yaml").write_text(f"{job}max_items: {count}}}\n")
    (folder / "rota.yaml").write_text("max_running: 10000\n")
    command = [str(peers.ROTA), "serve", str(folder / "jobs"), "--state", str(folder / "state")]
    command += ["--listen", f"127.0.0.1:{PORT}", "--config", str(folder / "rota.yaml")]
    env = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    with peers.running(command, env, folder / "log"):
        _until_ready()
        (daemon,) = by_command("serve", str(folder / "state"))
        runners = by_command("rota.runner", str(folder / "state"))
        before, alone = usage([daemon]), usage(runners)
        began = time.monotonic()
        _start(folder)
        found = _watch(daemon)
        found["seconds"] = time.monotonic() - began
        after, together = usage([daemon]), usage(runners)
        found["daemon"] = (after.cpu - before.cpu) / count * 1000
        found["runner"] = (together.cpu - alone.cpu) / count * 1000
        found["grown"] = (found["rss"] - before.rss) / 2**20
    return found


def _start(folder: Path) -> None:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    words = [str(peers.ROTA), "run", "many", "--state", str(folder / "state")]
    os.posix_spawn(words[0], words, environment)


def _watch(daemon: int) -> dict[str, float]:
    """Until the run is over."""
    answers: dict[str, list[float]] = {"parent": [], "children": [], "page": []}
    rss = 0.0
    while True:
        took, run = _get("/api/v1/runs?job=many")
        answers["parent"].append(took)
        rss = max(rss, float(usage([daemon]).rss))
        if run["runs"] and run["runs"][0]["state"] in ("completed", "failed"):
            assert run["runs"][0]["state"] == "completed", run["runs"][0]["message"]
            break
        if run["runs"]:
            answers["children"].append(_get("/api/v1/runs?parent=many.1&limit=25")[0])
            answers["page"].append(_get("/runs/many.1")[0])
        Event().wait(LOOK_EVERY)
    slowest = {f"{name} p99": percentile(values, 99) for name, values in answers.items() if values}
    usual = {name: median(values) for name, values in answers.items() if values}
    return {"rss": rss, **usual, **slowest}


def _get(path: str) -> tuple[float, Any]:
    """Milliseconds, and the answer."""
    began = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=60) as answer:
        text = answer.read().decode()
    took = (time.monotonic() - began) * 1000
    return took, json.loads(text) if path.startswith("/api") else text


def _until_ready() -> None:
    while True:
        try:
            _get("/api/v1/runs")
            return
        except OSError:
            Event().wait(0.1)


def _report(count: int, found: dict[str, float]) -> None:
    cpu = found["daemon"] + found["runner"]
    rows = [
        ["children", f"{count}"],
        ["children a second", f"{count / found['seconds']:.0f}"],
        ["CPU of the daemon a child, ms", f"{found['daemon']:.2f}"],
        ["CPU of runner and jobs a child, ms", f"{found['runner']:.2f}"],
        ["memory of the daemon at most, MiB", f"{found['rss'] / 2**20:.0f}"],
        ["of it grown meanwhile, MiB", f"{found['grown']:.0f}"],
        *([f"answer of {name}, ms", f"{found[name]:.1f}"] for name in found if name.split()[0] in _ASKED),
    ]
    print(table(["one run of a batch", ""], rows))
    print(verdict("CPU for each change of a child", cpu / 2, GOAL_OVERHEAD_MS, " ms"))
    print(verdict("page of the parent, median", found.get("page", 0.0), GOAL_ANSWER_MS, " ms"))


_ASKED = ("parent", "children", "page")

if __name__ == "__main__":
    main()
