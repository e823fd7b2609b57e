"""Laws of schedules in words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rota.core.cron import CronError, parse
from rota.core.cron_words import cron_in_words


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    span = st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}")
    step = st.integers(1, high - low + 1)
    term = st.one_of(
        value.map(str), span, st.tuples(span, st.integers(1, 5)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    )
    return st.one_of(
        st.just("*"), step.map(lambda n: f"*/{n}"), st.lists(term, min_size=1, max_size=5).map(",".join)
    )


@given(st.tuples(fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 6)).map(" ".join))
def test_every_expression_has_words_of_its_own(expression: str) -> None:
    try:
        cron = parse(expression)
    except CronError:
        return

    words = cron_in_words(cron)

    assert words.strip()
    assert "*" not in words
    assert "/" not in words
    assert words == cron_in_words(cron)
    assert len(words) < 900
