"""A render tree as one HTML file that needs nothing beside it: no server, no script, light and dark."""

from __future__ import annotations

from markupsafe import Markup, escape

from rota_catalog.catalog import load
from rota_catalog.tree import Document
from rota_renderers.html import HtmlRenderer
from rota_renderers.web import ASSETS

_SHEETS = ("tokens.css", "components.css")
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>%s</title>
<style>
%s
</style>
</head>
<body>
"""


def page_file(tree: Document, *, title: str, now_ms: int) -> str:
    """The whole file. Links of the tree are left as they are: they lead to pages of a daemon."""
    body = HtmlRenderer(load()).render(tree.elements, tree.root, now_ms=now_ms)
    # Our own sheets: no text of a job gets into them.
    sheets = Markup("\n".join((ASSETS / name).read_text(encoding="utf-8") for name in _SHEETS))
    return str(Markup(_HEAD) % (escape(title), sheets) + body + Markup("\n</body>\n</html>\n"))
