"""From a marker being written by a job to the browser frame that shows it: p50 and p99.

    .venv/bin/python bench/marker_latency.py [--markers 200]

A real daemon, a real job, a real Chromium with the page of the run open. Each marker carries the time it was
written, the page notes the animation frame after its text appeared; both read one machine's clock.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from measure import percentile, table, verdict
from peers import ROTA

GOAL_MS = 100.0
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
JOB = """title: Marker source
exec:
  - python3
  - -c
  - |
    import random, time
    time.sleep(2)
    for n in range(1, {markers} + 1):
        print(f"::progress {{n}}/{markers} written@{{time.time_ns() // 1000}}", flush=True)
        time.sleep(random.uniform(0.1, 0.2))
"""
OBSERVE = """() => {
  window.seen = {};
  const note = () => {
    for (const [, at] of document.body.innerText.matchAll(/written@(\\d+)/g)) {
      if (at in window.seen) continue;
      window.seen[at] = null;
      requestAnimationFrame(() => { window.seen[at] = performance.timeOrigin + performance.now(); });
    }
  };
  new MutationObserver(note).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--markers", type=int, default=200)
    markers = parser.parse_args().markers
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = folder / "jobs.d"
        jobs.mkdir()
        (jobs / "marker-source.yaml").write_text(JOB.format(markers=markers))
        delays = _measure(folder, jobs)
    _report(markers, delays)


def _measure(folder: Path, jobs: Path) -> list[float]:
    """Milliseconds from written to shown, one for each marker that was shown."""
    state = folder / "state"
    command = [ROTA, "serve", jobs, "--state", state, "--listen", "127.0.0.1:0", "--log", "json"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=log) as daemon,
    ):
        try:
            assert daemon.stdout is not None
            ready = json.loads(daemon.stdout.readline())
            run = _rota(state, "run", "marker-source", "--json")["id"]
            return _watch(f"{ready['url']}/runs/{run}", lambda: _rota(state, "show", run, "--json"))
        finally:
            daemon.terminate()


def _rota(state: Path, *words: str) -> Any:
    done = subprocess.run([ROTA, *words, "--state", state], check=True, capture_output=True)
    return json.loads(done.stdout)


def _watch(url: str, show: Any) -> list[float]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.goto(url)
        page.evaluate(OBSERVE)
        while show()["state"] in ("pending", "running"):
            page.wait_for_timeout(500)
        page.wait_for_timeout(500)
        delays = _delays(page)
        browser.close()
    return delays


def _delays(page: Page) -> list[float]:
    seen: dict[str, float | None] = page.evaluate("() => window.seen")
    return [shown - int(written) / 1000 for written, shown in seen.items() if shown is not None]


def _report(markers: int, delays: list[float]) -> None:
    if not delays:
        raise SystemExit("No marker reached the page.")
    p50, p99 = percentile(delays, 50), percentile(delays, 99)
    rows = [
        [
            "marker to browser frame",
            f"{p50:.1f}",
            f"{p99:.1f}",
            f"{max(delays):.1f}",
            f"{len(delays)} of {markers}",
        ]
    ]
    print(table(["", "p50 ms", "p99 ms", "max ms", "shown"], rows))
    print(verdict("marker to browser frame, p99", p99, GOAL_MS, " ms"))


if __name__ == "__main__":
    main()
