from __future__ import annotations

from typing import Any

import pytest

from rota.importing.cronfields import NotConverted
from rota.importing.exec_line import assignments, parse, split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/bin/a b  c", ["/bin/a", "b", "c"]),
        (r"""a "b c" 'd "e"' f\sg""", ["a", "b c", 'd "e"', "f g"]),
        (r"a --x='b c'd \x41\n\s\101", ["a", "--x=b cd", "A\n A"]),
        ('a ""', ["a", ""]),
        ("", []),
    ],
)
def test_words_are_split_as_systemd_splits_them(text: str, words: list[str]) -> None:
    assert split(text) == words


@pytest.mark.parametrize("text", ["a 'b", 'a "b', "x" * 5000 + "'", "a" * 200 + '"' + "b" * 5000, "a \\"])
def test_a_quote_that_does_not_end_is_refused_at_once(text: str) -> None:
    with pytest.raises(NotConverted, match="a quote that does not end"):
        split(text)


@pytest.mark.parametrize(
    ("text", "work"),
    [
        ("/bin/a 100%% %n %p", {"exec": ["/bin/a", "100%", "x@y.service", "x"]}),
        ("/bin/a %i", {"exec": ["/bin/a", "y"]}),
        ("/bin/a {{x}}", {"exec": ["/bin/a", "{{ '{{' }}x}}"]}),
        ("-/bin/a b", {"run": "/bin/a b || true"}),
        (":/bin/a $B ${C} $$", {"exec": ["/bin/a", "$B", "${C}", "$$"]}),
        ("/bin/a $B x${C}$$", {"run": '/bin/a $B "x${C}\\$"'}),
        ("/bin/sh -c 'a | b $$C'", {"shell": ["/bin/sh", "-c"], "run": "a | b $C"}),
        ("@/bin/a shown b", {"exec": ["/bin/a", "b"]}),
    ],
)
def test_a_command_line_becomes_work(text: str, work: dict[str, Any]) -> None:
    assert parse(text, "x@y.service").work() == work


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "without a program"),
        ("/bin/a ; /bin/b", "several commands"),
        ("/bin/a %H", "%H is known to systemd"),
    ],
)
def test_what_can_not_be_said_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotConverted, match=reason):
        parse(text, "x.service")


def test_assignments_may_be_quoted_as_a_whole_or_in_part() -> None:
    assert assignments("""A=1 "B=two words" C='3 4'""", "x.service") == {
        "A": "1",
        "B": "two words",
        "C": "3 4",
    }
    with pytest.raises(NotConverted, match="no assignment"):
        assignments("A", "x.service")
