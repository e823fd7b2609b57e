"""Writes the golden texts of the terminal renderer anew; look at the difference before it is committed."""

from __future__ import annotations

import json
from itertools import product

from contract.renderers.printed import printed_page
from contract.renderers.test_terminal import GOLDEN, PAGES, WIDTHS, golden


def write() -> None:
    """All pages, at all widths, in Unicode and ASCII."""
    for page, width, unicode in product(PAGES, WIDTHS, (True, False)):
        document = json.loads((GOLDEN / f"{page}.json").read_text(encoding="utf-8"))
        shown = printed_page(document, width=width, unicode=unicode)
        golden(page, width, unicode).write_text(shown, encoding="utf-8")


if __name__ == "__main__":
    write()
