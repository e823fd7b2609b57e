"""The kinds of problems have names that stay, and are told in docs/problems.md."""

from __future__ import annotations

import re
from pathlib import Path

from rota.config import rules
from rota.config.rules import RULES, help_of

ROOT = Path(rules.__file__).parents[3]
USED = re.compile(r'(?:of_rule\(|\brule=)"([a-z-]+)"')


def test_every_kind_that_is_given_to_a_problem_is_explained() -> None:
    given = {
        name
        for module in (ROOT / "daemon" / "rota").rglob("*.py")
        for name in USED.findall(module.read_text(encoding="utf-8"))
    }

    assert given - set(RULES) == set()
    assert len(given) > 20


def test_names_are_words_with_dashes_and_helps_are_sentences() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in RULES)
    assert all(told[0].isupper() and told.endswith(".") for told in RULES.values())


def test_a_kind_that_nobody_explained_is_one_of_job_files() -> None:
    assert help_of("of-tomorrow") == help_of("job-file")


def test_the_document_lists_all_kinds() -> None:
    text = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    listed = text.partition("<!-- rules -->\n")[2].partition("<!-- end -->")[0]

    assert listed == "".join(
        [
            "| Kind | Is about |\n",
            "| --- | --- |\n",
            *(f"| `{name}` | {told} |\n" for name, told in RULES.items()),
        ]
    )
