from __future__ import annotations

from rota.web.outbox import CONTROLS, FRAMES, Behind, Outbox, Waiting


def an_open_outbox(*topics: str) -> Outbox:
    outbox = Outbox()
    for topic in topics:
        outbox.open(topic)
        outbox.caught_up(topic)
    return outbox


def test_a_new_reader_starts_behind_and_its_frames_come_after_the_catch_up() -> None:
    outbox = Outbox()
    outbox.open("overview")
    outbox.put("overview", "dropped", 1)

    assert outbox.take() == Behind(topic="overview")
    outbox.caught_up("overview")
    outbox.put("overview", "kept", 2)

    assert outbox.take() == Waiting(topic="overview", text="kept", seq=2)
    assert outbox.take() is None


def test_a_slow_reader_falls_behind_instead_of_holding_more_and_more() -> None:
    outbox = an_open_outbox("overview")
    for seq in range(FRAMES + 1):
        outbox.put("overview", "frame", seq)

    assert outbox.take() == Behind(topic="overview")


def test_a_few_large_frames_are_too_many_as_well() -> None:
    outbox = an_open_outbox("overview")
    outbox.put("overview", "x" * 200_000, 1)
    outbox.put("overview", "x" * 200_000, 2)

    assert outbox.is_behind("overview")


def test_a_reader_that_only_asks_does_not_pile_up_answers() -> None:
    outbox = Outbox()
    for n in range(CONTROLS + 5):
        outbox.control(f"pong {n}")
    kept = [outbox.take() for _ in range(CONTROLS + 1)]
    for n in range(10):
        outbox.control(str(n) * 100_000)

    assert kept == [*(f"pong {n}" for n in range(5, CONTROLS + 5)), None]
    assert [outbox.take() for _ in range(3)] == ["8" * 100_000, "9" * 100_000, None]


def test_what_was_sent_makes_room_again() -> None:
    outbox = an_open_outbox("overview")
    for seq in range(10):
        outbox.put("overview", "x" * 100_000, seq)
        assert isinstance(outbox.take(), Waiting)


def test_topics_take_turns_and_control_frames_go_first() -> None:
    outbox = an_open_outbox("a", "b")
    for seq in (1, 2):
        outbox.put("a", f"a{seq}", seq)
        outbox.put("b", f"b{seq}", seq)
    outbox.control("hello")

    taken = [outbox.take() for _ in range(5)]

    assert [item if isinstance(item, str) else getattr(item, "text", "") for item in taken] == [
        "hello", "a1", "b1", "a2", "b2",
    ]  # fmt: skip


def test_a_held_reader_gets_control_frames_only() -> None:
    outbox = an_open_outbox("a")
    outbox.put("a", "a1", 1)
    outbox.control("tick")

    assert outbox.take(held=True) == "tick"
    assert outbox.take(held=True) is None
    assert outbox.take() == Waiting(topic="a", text="a1", seq=1)


def test_a_closed_topic_takes_nothing() -> None:
    outbox = an_open_outbox("a")
    outbox.close("a")
    outbox.put("a", "a1", 1)

    assert outbox.take() is None
