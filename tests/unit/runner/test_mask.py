"""Secrets never leave the mask, however they are dressed and wherever pieces are cut."""

from __future__ import annotations

import base64
import json
import shlex
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.runner.mask import MASK, Mask

SECRET = "p/ss wörd+'1\"&%~"
BYTES = SECRET.encode()


def in_pieces(mask: Mask, data: bytes, size: int) -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join([*(mask.take(piece) for piece in pieces), mask.end()])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "dressed",
    [
        BYTES,
        base64.b64encode(BYTES),
        base64.urlsafe_b64encode(BYTES).rstrip(b"="),
        urllib.parse.quote(SECRET).encode(),
        urllib.parse.quote_plus(SECRET).encode(),
        urllib.parse.quote(SECRET, safe="").lower().encode(),
        json.dumps(SECRET)[1:-1].encode(),
        json.dumps(SECRET, ensure_ascii=False)[1:-1].encode(),
    ],
    ids=["plain", "base64", "base64url", "url", "form", "small digits", "json", "json utf-8"],
)
def test_each_dress_is_masked_whole_wherever_it_is_cut(dressed: bytes, size: int) -> None:
    assert in_pieces(Mask([BYTES]), b"a " + dressed + b" z\n", size) == b"a *** z\n"


def test_what_a_shell_prints_of_its_commands_is_masked() -> None:
    value = b"it's hunter2"

    assert Mask([value]).whole(shlex.quote(value.decode()).replace("'\"'\"'", "'\\''").encode()) == b"'***'"


@pytest.mark.parametrize("user", ["", "u", "ux", "uxy"])
def test_base64_of_more_than_the_secret_gives_no_byte_of_it_away(user: str) -> None:
    value = b"correct horse"

    told = Mask([value]).whole(base64.b64encode(user.encode() + value + b":x"))

    assert MASK in told
    assert len(told) < 14
    assert not any(value[at : at + 2] in _decodings(told) for at in range(len(value) - 1))


def _decodings(text: bytes) -> bytes:
    """What is left, read from each of its places."""
    parts = [part[at:] for part in text.split(MASK) for at in range(4)]
    return b" ".join(base64.b64decode(part[: len(part) // 4 * 4]) for part in parts)


def test_base64_is_masked_also_when_a_program_breaks_its_lines() -> None:
    value = b"correct horse battery staple, and a hundred further words that nobody can guess"

    assert Mask([value]).whole(base64.encodebytes(value)) == b"***\n***\n"


def test_each_line_of_a_value_of_several_is_masked() -> None:
    mask = Mask([b"-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\nshort\n-----END KEY-----"])

    assert mask.whole(b"  AAAAB3NzaC1yc2E\r\n") == b"  ***\r\n"
    assert mask.whole(b"in short\n") == b"in short\n"


def test_only_what_may_become_a_secret_is_held_back() -> None:
    mask = Mask([b"hunter2"])

    assert mask.take(b"who hunts ") == b"who hunts "
    assert mask.take(b"the hun") == b"the "
    assert mask.take(b"ted?\n") == b"hunted?\n"
    assert mask.end() == b""


def test_the_long_beginning_of_a_secret_at_the_very_end_stays_unknown() -> None:
    mask = Mask([b"hunter2"])

    assert mask.take(b"hunter") + mask.end() == MASK
    assert mask.take(b"hun") + mask.end() == b"hun"


def test_a_secret_that_begins_like_another_is_masked_whichever_it_is() -> None:
    values = [b"hunter2", b"hunter2-long"]

    assert in_pieces(Mask(values), b"hunter2-long|hunter2-lo|hunter2", 1) == b"***|***-lo|***"
    assert in_pieces(Mask(values), b"hunter2-long|hunter2-lo|hunter2", 50) == b"***|***-lo|***"


def test_secrets_that_overlap_are_masked_together() -> None:
    mask = Mask([b"abcdef", b"defghi"])

    assert mask.whole(b"<abcdefghi>") == b"<***>"
    assert in_pieces(mask, b"<abcdefghi>", 2) == b"<***>"


def test_a_stream_of_one_letter_is_never_held_for_long() -> None:
    mask = Mask([b"aaaa"])

    assert mask.take(b"a" * 100_000) == MASK
    assert mask.take(b"a" * 100_000) == b""
    assert mask.take(b"b") == b"b"


letters = st.text("ab", min_size=4, max_size=9).map(str.encode)


@given(st.lists(letters, min_size=1, max_size=3), st.text("abc", max_size=60), st.integers(1, 9))
def test_no_secret_is_told_and_nothing_else_is_lost(values: list[bytes], text: str, size: int) -> None:
    mask, data = Mask(values), text.encode()
    told = in_pieces(mask, data, size)

    assert not any(value in told for value in values)
    assert told.split(b"*")[0] == data[: len(told.split(b"*")[0])]
    if not any(value[:4] in data for value in values):
        assert told == data or told.endswith(MASK)
    assert mask.whole(data).count(b"c") == data.count(b"c") == told.count(b"c")


@given(st.binary(max_size=400), st.integers(1, 50))
def test_bytes_without_a_secret_pass_unchanged(data: bytes, size: int) -> None:
    value = b"\xff\x00correct horse battery staple"

    assert in_pieces(Mask([value]), data + b"\n", size) == data + b"\n"
