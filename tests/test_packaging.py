"""What people install: the wheel holds our three packages with their data, and nothing of another name."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of a wheel that was just built."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_brings_our_names_and_no_other(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}

    assert tops == {"rota", "rota_catalog", "rota_renderers"}


@pytest.mark.parametrize(
    "pattern",
    [
        "rota/py.typed",
        "rota/config/schema/job.schema.json",
        "rota/config/schema/config.schema.json",
        "rota/web/openapi.yaml",
        "rota/web/templates/shell.html",
        "rota/web/static/live.js",
        "rota_catalog/tokens.json",
        "rota_catalog/schema/tree.json",
        "rota_catalog/components/JobTable.json",
        "rota_catalog/actions/run.cancel.json",
        "rota_renderers/py.typed",
    ],
)
def test_the_wheel_brings_the_data_it_reads(names: set[str], pattern: str) -> None:
    assert pattern in names


def test_the_wheel_brings_every_file_of_the_packages(names: set[str]) -> None:
    missing = [
        str(path.relative_to(ROOT))
        for folder in ("daemon/rota", "catalog/rota_catalog", "renderers/rota_renderers")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and str(path.relative_to(ROOT).relative_to(folder.partition("/")[0])) not in names
    ]

    assert missing == []
