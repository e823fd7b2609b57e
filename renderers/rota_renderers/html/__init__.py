"""Trees to HTML on the server: the first paint, and pages without script."""

from __future__ import annotations

from rota_renderers.html.renderer import HtmlRenderer

__all__ = ["HtmlRenderer"]
