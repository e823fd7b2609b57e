"""Whatever bytes a job writes, lines and markers come out clean, and nothing raises."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rota.core import happenings as h
from rota.core import markers
from rota.core.instant import from_ms
from rota.core.seams import AttemptRef, Notice
from rota.engine.notices import as_happening
from rota.process.output import Logs
from rota.runner.log import LogWriter
from rota.runner.notify import Inbox
from rota.runner.system import System

REF = AttemptRef(id="a", job="job", number=1, step="main", n=1)
WORDS = ("::progress", "::step", "::output", "::warning", "::error", "::stop", "::")
ODD = ("\0", "\r", "\x1b[2K", "\ud800", "\ufeff", "é", "٣/٤", "1e999", "9" * 400, "5/0", "%", "=", " ", "\t")

text = st.lists(st.sampled_from([*WORDS, *ODD, "\n", "42/100", "a=b"]) | st.text(max_size=9), max_size=12)
some_bytes = st.binary(max_size=200) | text.map(
    lambda parts: " ".join(parts).encode("utf-8", "surrogatepass")
)


def is_clean(value: object) -> bool:
    """Whether it can be stored and sent: JSON in UTF-8 without infinities."""
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    return True


@given(st.lists(some_bytes, max_size=6))
def test_any_bytes_become_the_same_lines_however_they_come(pieces: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "job" / "1" / "main.1"
        folder.mkdir(parents=True)
        system = System()
        at = system.open_directory(str(folder))
        log = LogWriter(system, at, 1 << 20)
        for piece in pieces:
            log.write(piece, 1)
        log.close()
        system.close(at)

        read = Logs(Path(name)).read_from(REF, 0, 0, final=True)

    whole = b"".join(pieces)
    lines = whole.removesuffix(b"\n").split(b"\n") if whole else []
    assert [line.text for line in read.lines] == [line.decode("utf-8", "replace") for line in lines]
    assert read.offset == len(whole)
    assert is_clean([line.text for line in read.lines])


@given(some_bytes)
def test_a_marker_of_any_bytes_is_clean_or_none(data: bytes) -> None:
    marker = markers.parse(data.decode("utf-8", "replace").partition("\n")[0])

    if marker is not None:
        assert is_clean({name: getattr(marker, name) for name in marker.__dataclass_fields__})


@given(some_bytes, st.sampled_from(["STATUS", "X_ROTA_PROGRESS", "X_ROTA_STEP", "WATCHDOG", ""]))
def test_a_datagram_of_any_bytes_is_told_in_clean_words(data: bytes, name: str) -> None:
    inbox = Inbox(None, "", frozenset({0}))  # type: ignore[arg-type]
    system = Datagrams([(f"{name}=".encode() + data, 0), (data, 0), (b"STATUS=of somebody else", 7)])

    heard = inbox.take(system, size=0, mask=None)

    assert is_clean(inbox.newest())
    assert 0 <= heard.extension <= 7 * 86_400
    for each in inbox.newest():
        notice = Notice(n=1, at=from_ms(1), size=0, kind=str(each["kind"]), text=str(each["text"]))
        assert "somebody else" not in notice.text
        assert isinstance(as_happening(notice, "a"), h.StatusTold | h.Progressed | h.StepAnnounced | h.Warned)


class Datagrams(System):
    """Has those datagrams to be read."""

    def __init__(self, datagrams: list[tuple[bytes, int]]) -> None:
        super().__init__()
        self._datagrams = datagrams

    def receive_notice(self, connection: object) -> tuple[bytes, int] | None:
        return self._datagrams.pop(0) if self._datagrams else None
