from __future__ import annotations

from io import FileIO, TextIOWrapper
from typing import TextIO, cast

import structlog

from rota.host.logs import Lenient


def test_a_log_that_can_not_be_written_fails_nobody() -> None:
    with TextIOWrapper(FileIO("/dev/full", "w"), write_through=True) as full:
        logger = structlog.WriteLogger(cast(TextIO, Lenient(full)))

        logger.msg("one")
        logger.msg("two")
