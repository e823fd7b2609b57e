"""The documents name only commands, options and files that are there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from rota.cli.main import COMMANDS, rota

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*/README.md"))]
_NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
_COMMAND = re.compile(r"(?:\$ (?:\S*/)?|`)rota ([a-z][a-z-]*)([^`\n]*)")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=_NAMES)
def test_every_command_that_a_document_names_exists_with_its_options(document: Path) -> None:
    context = click.Context(rota)
    for name, rest in _COMMAND.findall(document.read_text(encoding="utf-8")):
        assert name in COMMANDS, f"rota {name}"
        command = rota.get_command(context, name)
        assert command is not None
        known = {option for part in _with_subcommands(command) for option in part}
        for option in _OPTION.findall(rest.partition("#")[0]):
            assert option in known, f"rota {name} {option}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=_NAMES)
def test_every_file_that_a_document_links_to_exists(document: Path) -> None:
    missing = [
        target
        for target in _LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]

    assert missing == []


def _with_subcommands(command: click.Command) -> list[list[str]]:
    parts = [[name for parameter in command.params for name in parameter.opts]]
    if isinstance(command, click.Group):
        for sub in command.commands.values():
            parts += _with_subcommands(sub)
    return parts
