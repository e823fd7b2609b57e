"""A coverage-guided fuzz target: any bytes as a job file, all the way to due instants and warnings.

    pip install atheris
    PYTHONPATH=daemon:catalog:renderers:tests python tests/fuzz/load_job_files.py FOLDER -max_total_time=300

FOLDER keeps the inputs that reach something new; it begins with the corpus of broken files when it is empty.
What is raised, or takes longer than five seconds, is written beside it and ends the search.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

atheris: Any = import_module("atheris")  # a tool for the search, and no part of what tests need

with atheris.instrument_imports(include=["rota"]):
    from whole_path import load_whole

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 5


def main() -> None:
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        _begin_with_corpus(Path(sys.argv[1]))
    folder = Path(tempfile.mkdtemp(prefix="fuzz-jobs-"))
    words = folder / "words.dict"
    words.write_text(_dictionary())
    jobs = folder / "jobs.d"
    jobs.mkdir()
    options = [f"-dict={words}", f"-timeout={SECONDS}", "-max_len=4096"]
    atheris.Setup([*sys.argv, *options], lambda content: load_whole(jobs, content, NOW) and None)
    atheris.Fuzz()


def _begin_with_corpus(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        return
    good = [path.read_text() for path in sorted((ROOT / "jobs.d").glob("*.yaml"))]
    for number, text in enumerate(good + _broken()):
        (folder / f"seed-{number:03}").write_bytes(text.encode())


def _broken() -> list[str]:
    data = ROOT / "tests" / "data" / "broken"
    return [case["file"] for path in sorted(data.glob("*.yaml")) for case in yaml.safe_load(path.read_text())]


def _dictionary() -> str:
    """The keys of job files, in libFuzzer's form."""
    from rota.config.schemas import load

    keys = {key for each in load("job")["$defs"].values() for key in each.get("properties", ())}
    return "".join(f'"{key}: "\n' for key in sorted(keys))


if __name__ == "__main__":
    main()
