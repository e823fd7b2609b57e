"""Scripts and style sheets, under an address that names their content: a browser may keep them for ever."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from rota_renderers.web import ASSETS

_STATIC = Path(__file__).with_name("static")

# `shell` holds the page around a tree, `parts` the components: relative imports go from one to the other.
_FOLDERS = {"shell": _STATIC, "parts": ASSETS}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    content_type: str
    body: bytes
    packed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Every file by its path, and the version that all of them make together."""

    version: str
    files: dict[str, Asset]

    def href(self, path: str) -> str:
        """The address of a file. Raises KeyError when there is none."""
        if path not in self.files:
            raise KeyError(path)
        return f"/assets/{self.version}/{path}"


@cache
def assets() -> Assets:
    """Read once: they change only with the program."""
    found = {path: _asset(file) for path, file in sorted(_files())}
    digest = sha256()
    for path, asset in found.items():
        digest.update(path.encode() + b"\0" + asset.body + b"\0")
    return Assets(version=digest.hexdigest()[:12], files=found)


async def get_asset(request: web.Request) -> web.Response:
    """A page of an older version gets today's file: it offers to reload itself anyway."""
    asset = assets().files.get(request.match_info["path"])
    if asset is None:
        raise web.HTTPNotFound
    current = request.match_info["version"] == assets().version
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache",
        "Vary": "Accept-Encoding",
    }
    body = asset.body
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = asset.packed
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, content_type=asset.content_type, charset="utf-8", headers=headers)


async def get_favicon(_: web.Request) -> web.Response:
    asset = assets().files["shell/icon.svg"]
    headers = {"Cache-Control": "public, max-age=86400"}
    return web.Response(body=asset.body, content_type=asset.content_type, headers=headers)


def _files() -> Iterator[tuple[str, Path]]:
    for name, folder in _FOLDERS.items():
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix in _TYPES:
                yield f"{name}/{file.relative_to(folder).as_posix()}", file


def _asset(file: Path) -> Asset:
    body = file.read_bytes()
    packed = gzip.compress(body, compresslevel=9, mtime=0)
    return Asset(content_type=_TYPES[file.suffix], body=body, packed=packed)
