"""What the browser gets: ES modules and style sheets, as files to be served together from one folder."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
