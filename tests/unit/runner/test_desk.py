"""Whatever a peer says, the runner answers or disconnects it, and goes on."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rota.runner import link
from rota.runner.attempt import Attempt
from rota.runner.desk import Desk
from rota.runner.link import Link
from rota.runner.orphans import Orphans
from rota.runner.protocol import LIMITS, PACKET, Message
from rota.runner.record import Records
from rota.runner.spawn import Spawner
from rota.runner.stop import Stopper
from rota.runner.system import System
from rota.runner.table import Table

HELLO: Message = {"type": "hello", "version": "1.2", "ledger": "ledger"}
START: Message = {
    "type": "start", "attempt": "a", "job": "job", "run": 1, "step": "main", "n": 1,
    "argv": ["/no/such/program"], "env": {}, "cwd": "/", "graceMs": 1, "output": 1000,
}  # fmt: skip
LONE = "\ud800"  # half of a character, which JSON can say and no file or account can be called


class Peer:
    """The other end of a link to a desk without a loop around it."""

    def __init__(self, folder: Path) -> None:
        self.root = os.open(folder, os.O_RDONLY)
        system = System()
        records = Records(system, self.root)
        self.table = Table(records)
        stopper = Stopper(system, self.table, Orphans(system, self.table))
        spawner = Spawner(system, records, str(folder))
        self.desk = Desk(facts={}, table=self.table, records=records, spawner=spawner, stopper=stopper)
        self.own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.own.setblocking(False)
        theirs.setblocking(False)
        self.link = Link(system, theirs)

    def say(self, *messages: Message) -> list[Message]:
        """All answers to these messages."""
        for message in messages:
            self.desk.handle(self.link, message)
            self.desk.start_some(10)
        told: list[Message] = []
        while True:
            assert self.link.flush(), "a packet too large for the socket"
            try:
                packet = self.own.recv(PACKET + 1)
            except BlockingIOError:
                return told
            assert len(packet) <= PACKET
            told += json.loads(packet)

    def close(self) -> None:
        self.own.close()
        self.link.close()
        os.close(self.root)


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    peer = Peer(tmp_path)
    yield peer
    peer.close()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "hello", "version": "1." + "9" * 5000, "ledger": "x"},
        {"type": "hello", "version": "1" * 5000 + ".2", "ledger": "x"},
        {"type": "hello", "version": "9" * 300_000, "ledger": "x"},
        {"type": "hello", "version": "1.2", "ledger": LONE},
        {"type": "hello", "version": "1.2", "ledger": "x" * 300_000},
    ],
    ids=range(5),
)
def test_a_hello_that_makes_no_sense_is_answered_in_words(peer: Peer, message: Message) -> None:
    [answer] = peer.say(message)

    assert answer["type"] == "error"
    assert not peer.link.greeted


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"as": {"user": LONE}}, "EINVAL"),
        ({"as": {"group": LONE}}, "EINVAL"),
        ({"secrets": {"S": {"env": LONE}}}, "EINVAL"),
        ({"secrets": {"S": {"file": LONE}}}, "EINVAL"),
        ({"secrets": {LONE: {"file": "/etc/passwd"}}}, "EINVAL"),
        ({"env": {LONE: "x"}}, "EINVAL"),
        ({"env": {"X": LONE}}, "EINVAL"),
        ({"cwd": LONE}, "EINVAL"),
        ({"cwd": "/" + "\1" * 200_000}, "ENOENT"),
        ({"argv": ["/" + "\1" * 200_000]}, "ENAMETOOLONG"),
        ({"job": "\1" * 200_000}, "EINVAL"),
        ({"limits": {"nofile": 2**53 - 1}}, "EPERM"),
    ],
    ids=range(12),
)
def test_an_order_that_can_not_be_carried_out_is_refused_in_few_words(
    peer: Peer, members: Message, code: str
) -> None:
    answers = peer.say(HELLO, {**START, **members})

    assert (answers[-1]["type"], answers[-1]["code"]) == ("refused", code)
    assert len(str(answers[-1]["message"])) < 5000
    assert peer.table.attempts == {}


def test_an_echo_that_nobody_could_read_is_none(peer: Peer) -> None:
    deep: object = 1
    for _ in range(600):
        deep = [deep]

    answers = peer.say(HELLO, {"type": "report", "id": deep, "attempts": []})

    assert answers[-1]["type"] == "error"


def talkative(number: int) -> Attempt:
    """One that has ended and said as much as is kept."""
    attempt = Attempt(f"attempt-{number}", f"job/{number}/main.1")
    attempt.ended = {"cause": "exit", "notices": [{"kind": "status", "text": "\1" * 2000}] * 3}
    return attempt


def test_attempts_that_said_much_are_told_in_packets_of_the_usual_size(peer: Peer) -> None:
    for number in range(100):
        peer.table.add(talkative(number))
    refs: list[Message] = [{**START, "attempt": f"attempt-{number}", "run": number} for number in range(100)]

    hellos = peer.say(HELLO)
    founds = peer.say({"type": "report", "id": 7, "attempts": refs})

    told = [entry["attempt"] for each in hellos for entry in cast("list[Message]", each["ended"])]
    found = [entry["attempt"] for each in founds for entry in cast("list[Message]", each["reports"])]
    assert told == found == [ref["attempt"] for ref in refs]
    assert [each["more"] for each in hellos] == [True] * (len(hellos) - 1) + [False]
    assert [each["more"] for each in founds] == [True] * (len(founds) - 1) + [False]


def test_a_daemon_that_reads_slowly_is_told_the_newest_only(peer: Peer) -> None:
    peer.say(HELLO)
    live = Attempt("live", "job/1/main.1")
    for _ in range(1000):
        peer.desk.tell_grown(live)
        peer.desk.flush_grown(System().boottime() + 60)
        peer.link.flush()
        peer.link.put({"type": "ended", "text": "x" * 10_000})

    told = 0
    while peer.link.is_waiting or peer.desk.flush_grown(System().boottime() + 60):
        told += sum(each["type"] == "alive" for each in peer.say())

    assert 0 < told < 100


def test_a_peer_that_reads_nothing_is_let_go_before_it_costs_much_memory(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "BACKLOG", 1_000_000)
    for _ in range(8):
        peer.link.put({"text": "x" * 100_000})
    assert peer.link.flush()

    for _ in range(8):
        peer.link.put({"text": "x" * 100_000})
    assert not peer.link.flush()


_numbers = st.integers(-1, 2**60)
_texts = st.sampled_from(["", "a", "job", "main", LONE, "\0", "../..", "1.2", "x" * 5000, "\1" * 3000])
_values = st.recursive(
    st.none() | st.booleans() | _numbers | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=5,
)
_members = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("attempt", "job", "step", "cwd", "version", "ledger"), _texts | _values),
        **dict.fromkeys(("run", "n", "graceMs", "timeoutMs", "watchdogMs", "output"), _numbers | _values),
        **dict.fromkeys(("argv", "attempts"), st.lists(_texts | _values, max_size=3) | _values),
        "env": st.dictionaries(_texts, _texts | _values, max_size=3) | _values,
        "limits": st.dictionaries(st.sampled_from((*LIMITS, "require")), _numbers | _values) | _values,
        "as": st.dictionaries(st.sampled_from(("user", "group", "umask", "nice", "io")), _values) | _values,
        "secrets": st.dictionaries(_texts, st.dictionaries(st.sampled_from(("env", "file")), _texts)),
        **dict.fromkeys(("id", "immediately"), _values),
    },
)
_kinds = st.sampled_from(("hello", "status", "start", "kill", "report", "ack", "remove"))


@given(messages=st.lists(st.tuples(_kinds, _members), max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_message_ends_it(tmp_path: Path, messages: list[tuple[str, Message]]) -> None:
    peer = Peer(tmp_path)
    try:
        peer.say(HELLO)
        for kind, members in messages:
            base = START if kind in ("start", "remove") else {"attempt": "a"}
            peer.say({**base, **members, "type": kind})
        assert peer.table.attempts == {}
    finally:
        peer.close()
