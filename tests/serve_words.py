"""What `DaemonProcess` says to `serve`, for modules that stand in the place of the command."""

from __future__ import annotations

import argparse
from pathlib import Path

from rota.app import ServeOptions


def given_options() -> ServeOptions:
    """Of the command line of this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("jobs", type=Path)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--listen")
    parser.add_argument("--log")
    given = parser.parse_args()
    return ServeOptions(jobs_dirs=(given.jobs,), state=given.state, listen=given.listen, log=given.log)
