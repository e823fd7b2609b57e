"""The runner as another release has it: `other_version.py MAJOR.MINOR --state … --socket …`."""

from __future__ import annotations

import importlib.util
import sys

PROTOCOL = "rota.runner.protocol"


def speak(version: str) -> None:
    """Make this process a runner of that version of the protocol, before anything knows another."""
    spec = importlib.util.find_spec(PROTOCOL)
    assert spec is not None
    assert spec.origin is not None
    module = importlib.util.module_from_spec(spec)
    with open(spec.origin) as file:  # noqa: PTH123  as the runner itself, without pathlib
        text = file.read()
    major, minor = version.split(".")
    own = next(line for line in text.splitlines() if line.startswith("VERSION = "))
    exec(text.replace(own, f"VERSION = ({major}, {minor})"), module.__dict__)
    sys.modules[PROTOCOL] = module


if __name__ == "__main__":
    speak(sys.argv[1])
    from rota.runner.__main__ import main

    sys.exit(main(sys.argv[2:]))
