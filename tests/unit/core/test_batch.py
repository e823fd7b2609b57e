from __future__ import annotations

import pytest

from rota.core.batch import (
    Known,
    WrongItems,
    chunked,
    counted,
    given_up,
    in_words,
    is_good,
    progress,
    verdict,
)
from rota.core.run import Children, RunState


def test_items_are_cut_in_order_and_the_last_chunk_may_be_smaller() -> None:
    found = list(chunked(["a", "b", "c"], 2, first=4))

    assert [(chunk.place, chunk.items) for chunk in found] == [(4, ("a", "b")), (5, ("c",))]


@pytest.mark.parametrize(
    ("items", "size", "message"),
    [
        (["x" * 70_000], 1, "item 1: larger than 64 KiB as JSON"),
        (
            ["x" * 40_000, "y" * 40_000],
            2,
            "the items of child 1: larger than 64 KiB as JSON: make `chunk` smaller",
        ),
        (["a", "b\0"], 1, "item 2: a NUL character, which no program can be given"),
        (["\udcff"], 1, "item 1: half a character (a surrogate)"),
    ],
)
def test_what_no_process_can_be_given_is_no_item(items: list[object], size: int, message: str) -> None:
    with pytest.raises(WrongItems) as refused:
        list(chunked(items, size))

    assert str(refused.value) == message


def test_words_and_progress_follow_the_counts() -> None:
    counts = Children(pending=3, running=1, completed=4, failed=2)

    assert in_words(counts) == "3 pending, 1 running, 4 completed, 2 failed"
    assert progress(counts).percent == 60
    assert in_words(given_up(counts)) == "0 pending, 1 running, 4 completed, 2 failed, 3 cancelled"


def test_who_has_not_begun_is_pending() -> None:
    states = {RunState.RETRYING: 1, RunState.SKIPPED: 2, RunState.PENDING: 1}

    found = counted(Known(open=(), states=states, begun=4, chunks=9))

    assert found == Children(pending=6, running=1, completed=2)


@pytest.mark.parametrize(
    ("counts", "tolerate", "failed", "message"),
    [
        (Children(), 0, (), "there was nothing to do"),
        (Children(completed=1), 0, (), "its child completed"),
        (Children(completed=7), 0, (), "all 7 children completed"),
        (Children(completed=7, failed=1), 0, ("a.1.2",), "of 8 children 1 failed: a.1.2"),
        (
            Children(completed=1, failed=5, cancelled=1),
            0,
            ("a.1.2", "a.1.3"),
            "of 7 children 5 failed and 1 cancelled: a.1.2, a.1.3 and 3 more",
        ),
        (Children(completed=7, cancelled=1), 2, (), "of 8 children 1 cancelled, and 2 may"),
    ],
)
def test_the_message_of_a_parent(
    counts: Children, tolerate: int, failed: tuple[str, ...], message: str
) -> None:
    assert verdict(counts, tolerate, failed) == message
    assert is_good(counts, tolerate) == (counts.failed + counts.cancelled <= tolerate)
