"""The daemon's own log: structlog to stderr, as key=value lines or as JSON, one event a line."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Literal, TextIO, cast

import structlog

_LEVEL = logging.INFO


class Lenient:
    """A file that takes what it can: a log on a full disk must not end the daemon that writes it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()


def configure(form: Literal["text", "json"]) -> None:
    """From now on, everything logged goes to stderr in that form."""
    renderer: structlog.typing.Processor
    if form == "json":
        renderer = structlog.processors.JSONRenderer(default=str)
    else:
        renderer = structlog.processors.KeyValueRenderer(
            key_order=["at", "level", "event"], drop_missing=True
        )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVEL),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, Lenient(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard library; their warnings belong in the same place.
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="level=%(levelname)s event=%(message)r"
    )
