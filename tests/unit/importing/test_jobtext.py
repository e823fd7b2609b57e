from __future__ import annotations

from typing import Any

import pytest
import yaml

from rota.importing.found import Entry, Found
from rota.importing.jobtext import files_of, job_files, one_file


def text_of(keys: dict[str, Any], **changes: Any) -> str:
    entry = Entry(**{"line": 1, "text": "x", "name": "x", "keys": keys, **changes})
    (file,) = job_files(Found(entries=(entry,)), "test")
    return file.text


@pytest.mark.parametrize(
    "keys",
    [
        {"run": "ls -l | grep 'a: b' # c"},
        {"run": "one\n  two\n\nthree\n"},
        {"run": " begins with a blank\nx"},
        {"run": "trailing \nblank"},
        {"run": "true"},
        {"run": "ends with two\n\n"},
        {"run": "a\x07b\u2028c\u0085"},
        {
            "env": {
                "A": "yes",
                "B": "012",
                "C": "1.5",
                "D": "",
                "E": "a\nb",
                "F": "null",
                "G": "- x",
                "1": "é",
            }
        },
        {
            "schedule": [{"cron": "0 2 * * *"}, {"every": "15m", "from": "end"}],
            "exec": ["a", "b c", "d,e", "{}"],
        },
        {"steps": [{"id": "a", "run": "x\ny\n"}, {"id": "b", "exec": ["x"]}]},
        {"exit_codes": {"ok": [0, 1]}, "enabled": False, "http": {"url": "https://example.org/a?b=c#d"}},
        {"limits": {"timeout": "90"}, "cwd": "/srv/a b", "tags": [], "title": 'It\'s: "good"'},
        {"exec": ["x" * 60, "y" * 60], "description": "two\nlines"},
    ],
)
def test_what_is_written_is_read_again(keys: dict[str, Any]) -> None:
    assert yaml.safe_load(text_of(keys)) == keys


def test_the_original_is_quoted_line_by_line_without_control_characters() -> None:
    text = text_of({"run": "a"}, text="one\x1b[1m\ntwo\n", notes=("mind\nthis",), line=7)

    assert text.splitlines()[:3] == ["# from test line 7: one [1m", "#   two", "# note: mind this"]


def test_commands_stay_as_they_were_written() -> None:
    assert '\nrun: cd /srv && ./x "$A" > out\n' in text_of({"run": 'cd /srv && ./x "$A" > out'})
    assert "\nrun: |-\n  echo a: b\n" in text_of({"run": "echo a: b"})


def test_all_of_them_fit_into_one_file() -> None:
    entries = [Entry(line=n, text="x", name="a", keys={"run": "x\n\ny\n"}) for n in (1, 2)]
    files = files_of([(entry, "test") for entry in entries])

    assert yaml.safe_load(one_file(files)) == {"jobs": {"a": {"run": "x\n\ny\n"}, "a-2": {"run": "x\n\ny\n"}}}


def test_nothing_turns_the_direction_in_which_a_file_is_read() -> None:
    text = text_of({"title": "a\u202eb", "run": "echo '\u2066'\ntrue\n"}, text="\u202e # x")

    assert not {"\u202e", "\u2066"} & set(text)
    assert yaml.safe_load(text) == {"title": "a\u202eb", "run": "echo '\u2066'\ntrue\n"}


def test_the_name_of_a_source_can_not_become_a_key() -> None:
    (file,) = files_of([(Entry(line=1, text="x", name="x", keys={"run": "true"}), "a\nrun: evil\n#")])

    assert yaml.safe_load(file.text) == {"run": "true"}
