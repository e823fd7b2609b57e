from __future__ import annotations

import gzip
import re

import pytest

from fakes.web import Client
from rota.web.assets import assets


async def test_every_file_a_page_names_is_there_and_may_be_kept(client: Client) -> None:
    page = await (await client.get("/")).text()

    named = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page)
    assert named
    for path in named:
        answer = await client.get(path)
        assert answer.status == 200, path
        assert "immutable" in answer.headers["Cache-Control"]


async def test_every_import_of_a_module_leads_to_a_file() -> None:
    files = assets().files
    for path, asset in files.items():
        for target in re.findall(r"""from ['"](\.[^'"]+)['"]""", asset.body.decode()):
            parts = path.split("/")[:-1]
            for step in target.split("/"):
                parts = parts[:-1] if step == ".." else parts if step == "." else [*parts, step]
            assert "/".join(parts) in files, f"{path} imports {target}"


@pytest.mark.parametrize("path", ["shell/nothing.js", "shell/../app.py", "..%2f..%2fapp.py", "shell/"])
async def test_nothing_else_can_be_had(client: Client, path: str) -> None:
    assert (await client.get(f"/assets/{assets().version}/{path}")).status == 404


async def test_a_page_of_an_older_version_still_gets_its_files(client: Client) -> None:
    answer = await client.get("/assets/000000000000/shell/main.js")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_what_a_first_visit_loads_stays_small() -> None:
    files = assets().files.items()

    script = sum(len(gzip.compress(asset.body)) for path, asset in files if path.endswith(".js"))
    style = sum(len(gzip.compress(asset.body)) for path, asset in files if path.endswith(".css"))

    assert script < 40_000
    assert style < 10_000


async def test_there_is_a_favicon(client: Client) -> None:
    assert (await client.get("/favicon.ico")).content_type == "image/svg+xml"
