from __future__ import annotations

import re

from rota_catalog.catalog import load
from rota_renderers.html import HtmlRenderer


def drawn(*lengths: int, usual: int | None) -> str:
    runs = [{"id": f"poll.{n}", "state": "completed", "durationMs": ms} for n, ms in enumerate(lengths, 1)]
    props = {"runs": runs} | ({} if usual is None else {"p50Ms": usual})
    element = {"type": "RunHistory", "props": props, "text": "Runs"}
    return str(HtmlRenderer(load()).render({"h": element}, "h", now_ms=0))


def heights(markup: str) -> list[int]:
    return [int(height) for height in re.findall(r'class="column"[^>]* height="(\d+)"', markup)]


def test_one_run_that_took_for_ever_does_not_make_the_others_look_alike() -> None:
    markup = drawn(500, 1000, 60_000, usual=1000)

    assert heights(markup) == [5, 8, 24]
    assert markup.count('class="cut"') == 1


def test_without_a_usual_length_the_longest_run_is_the_measure() -> None:
    markup = drawn(500, 1000, usual=None)

    assert heights(markup) == [13, 24]
    assert "cut" not in markup
