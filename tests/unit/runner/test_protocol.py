"""Packets, versions and orders as docs/runner-protocol.md has them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.runner.protocol import (
    PACKET,
    Garbled,
    Invalid,
    Order,
    is_understood,
    pack,
    parse_ref,
    unpack,
)

START: dict[str, object] = {
    "type": "start",
    "attempt": "0193-a",
    "job": "backup",
    "run": 12,
    "step": "main",
    "n": 1,
    "argv": ["true"],
    "env": {"PATH": "/bin"},
    "cwd": "/",
    "graceMs": 10_000,
    "output": 1024,
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.binary())
def test_any_bytes_are_messages_or_garbled(packet: bytes) -> None:
    try:
        messages = unpack(packet)
    except Garbled:
        return
    assert all(isinstance(message, dict) for message in messages)


@given(st.lists(st.dictionaries(st.text(max_size=5), json_values, max_size=3), max_size=5))
def test_what_is_packed_comes_out_in_its_order(messages: list[dict[str, object]]) -> None:
    assert [message for packet in pack(messages) for message in unpack(packet)] == messages


def test_batches_stay_below_the_size_of_a_packet() -> None:
    packets = pack({"type": "ack", "attempt": "x" * 1000} for _ in range(1000))

    assert len(packets) == 8
    assert max(len(packet) for packet in packets) <= PACKET


def test_a_message_too_large_for_a_packet_is_a_batch_of_its_own() -> None:
    packets = pack([{"a": 1}, {"big": "x" * PACKET}, {"b": 2}])

    assert [len(unpack(packet)) for packet in packets] == [1, 1, 1]


def test_deep_nesting_is_garbled() -> None:
    with pytest.raises(Garbled):
        unpack(b"[" * 100_000)


@pytest.mark.parametrize(
    ("version", "understood"),
    [
        ("1.0", False),
        ("1.1", True),
        ("1.2", True),
        ("1.3", True),
        ("1.4", False),
        ("2.0", False),
        ("1", False),
        ("1.x", False),
        (None, False),
    ],
)
def test_one_minor_version_apart_is_understood(version: object, understood: bool) -> None:
    assert is_understood(version) is understood


def test_an_order_is_read() -> None:
    order = Order({**START, "timeoutMs": 5, "unknown": "ignored"})

    assert (order.directory, order.timeout_ms, order.argv) == ("backup/12/main.1", 5, ["true"])


def test_no_timeout_is_no_limit() -> None:
    assert Order(START).timeout_ms is None


@given(st.sampled_from(sorted(START)), json_values)
def test_any_member_is_taken_or_refused_by_name(member: str, value: object) -> None:
    complaint, directory = "", START["job"]
    try:
        directory = Order({**START, member: value}).directory
    except Invalid as error:
        complaint = str(error)

    assert complaint == "" or complaint.startswith(member)
    assert ".." not in str(directory).split("/")


@pytest.mark.parametrize("job", ["", "..", "a/b", "A", "-a", "a" * 64, ".held", "a\n"])
def test_a_job_that_could_leave_its_directory_is_refused(job: str) -> None:
    with pytest.raises(Invalid, match="job"):
        parse_ref({**START, "job": job})


def test_text_of_any_kind_can_be_packed() -> None:
    assert json.loads(pack([{"a": "ä\u2028"}])[0]) == [{"a": "ä\u2028"}]
    assert unpack(pack([{"a": "\udce4"}])[0]) == [{"a": "\udce4"}]
