"""Puts `***` for the secrets of an attempt, and for their usual disguises, wherever it writes them.

Bytes come in pieces of any size; a secret that is cut in two by them is found all the same. What may be the
beginning of one waits for the next piece, so nothing that can't be is ever held back.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = b"***"
SHORTEST = 4  # bytes of a secret: a shorter one would be found in every other word
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SHORTEST_LINE = 8  # bytes of a line of a value that has several
_SHORTEST_BASE64 = 6  # characters of a piece of it
_WIDTHS = (64, 76)  # at which programs break its lines
_SAFE_IN_ADDRESSES = bytes.maketrans(b"+/", b"-_")
_SHOWN_PREFIX = 3  # bytes of the beginning of a secret that may be shown when nothing follows


class Mask:
    """Of one attempt and one stream; `values` are its secrets as the process got them."""

    def __init__(self, values: Iterable[bytes]) -> None:
        self.values = frozenset(values)
        found = {form for value in self.values for form in forms(value)}
        self._forms = sorted(found, key=len, reverse=True)
        self._held = b""
        self._covered = 0  # bytes at the beginning of `_held` that belong to a secret already masked

    def take(self, data: bytes) -> bytes:
        """What can be told of all that came by now."""
        data = self._held + data
        keep = self._undecided_from(data)
        told, self._covered = self._masked(data, keep)
        self._held = data[keep:]
        return told

    def end(self) -> bytes:
        """Nothing follows: what was held back. The long beginning of a secret stays unknown."""
        held, self._held = self._held[self._covered :], b""
        self._covered = 0
        return held if len(held) <= _SHOWN_PREFIX else MASK

    def whole(self, data: bytes) -> bytes:
        """The same for something that comes in one piece."""
        return _joined(data, self._found(data), 0, len(data))

    def _masked(self, data: bytes, keep: int) -> tuple[bytes, int]:
        """What is told of `data` up to `keep`, and how much from there on belongs to what was masked."""
        found = list(self._found(data))
        if self._covered:
            found.insert(0, (0, self._covered))
        spans = list(_united(found))
        begins = 1 if self._covered and spans else 0  # its mask was told with the piece before
        skipped = min(spans[0][1], keep) if begins else 0
        told = _joined(data, spans[begins:], skipped, keep)
        across = [end for start, end in spans if end > keep and (start < keep or (begins and start == 0))]
        return told, (across[0] if across else keep) - keep

    def _found(self, data: bytes) -> list[tuple[int, int]]:
        spans = []
        for form in self._forms:
            start = data.find(form)
            while start >= 0:
                spans.append((start, start + len(form)))
                start = data.find(form, start + 1)
        return list(_united(sorted(spans)))

    def _undecided_from(self, data: bytes) -> int:
        """Where the earliest beginning of a secret stands that the end of `data` cuts off."""
        first = len(data)
        view = memoryview(data)
        for form in self._forms:
            at = data.find(form[:1], max(0, len(data) - len(form) + 1))
            while 0 <= at < first:
                if form.startswith(view[at:]):
                    first = at
                    break
                at = data.find(form[:1], at + 1)
        return first


class Silence(Mask):
    """For an attempt whose secrets nobody knows any more: nothing it writes can be shown."""

    def __init__(self) -> None:
        super().__init__(())
        self._hidden = 0

    def take(self, data: bytes) -> bytes:
        self._hidden += len(data)
        return b""

    def end(self) -> bytes:
        hidden, self._hidden = self._hidden, 0
        why = "its secrets could not be read again, so they could not be masked"
        return b"\n[rota: %d bytes are not shown: %s]\n" % (hidden, why.encode()) if hidden else b""

    def whole(self, data: bytes) -> bytes:
        return b""


def forms(value: bytes) -> set[bytes]:
    """The value as it is and as it stands in shells, addresses, JSON and base64; each line of several."""
    lines = [line.strip() for line in value.splitlines()]
    found = {line for line in lines if len(lines) > 1 and len(line) >= _SHORTEST_LINE}
    return found | {form for form in _disguised(value) if len(form) >= SHORTEST}


def _disguised(value: bytes) -> Iterator[bytes]:
    yield value
    yield value.replace(b"'", b"'\\''")  # as `bash -x` prints it
    text = value.decode("utf-8", "surrogateescape")
    for only_ascii in (True, False):
        quoted = json.dumps(text, ensure_ascii=only_ascii)[1:-1]
        for form in (quoted, quoted.replace("/", "\\/")):
            yield form.encode("utf-8", "surrogateescape")
    yield from _in_addresses(value)
    yield from _in_base64(value)


def _in_addresses(value: bytes) -> Iterator[bytes]:
    for kept in (_UNRESERVED, _UNRESERVED | {0x2F}, _UNRESERVED - {0x7E}):
        for digits in (b"%%%02X", b"%%%02x"):
            address = b"".join(bytes([byte]) if byte in kept else digits % byte for byte in value)
            yield address
            yield address.replace(b"%20", b"+")


def _in_base64(value: bytes) -> Iterator[bytes]:
    encoded = b2a_base64(value, newline=False)
    found = [encoded, encoded.rstrip(b"=")]
    for width in _WIDTHS:
        found += (encoded[at : at + width] for at in range(0, len(encoded), width))
    for before in range(3):
        found.append(_inner(b2a_base64(bytes(before) + value, newline=False), before, len(value)))
    for form in found:
        if len(form) >= _SHORTEST_BASE64:
            yield form
            yield form.translate(_SAFE_IN_ADDRESSES)


def _inner(encoded: bytes, before: int, size: int) -> bytes:
    """Of the base64 of `before` other bytes and the value, what the value alone decides."""
    first = -(-before * 8 // 6)
    return encoded[first : (before + size) * 8 // 6]


def _united(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted spans, those that overlap or touch as one."""
    begin = end = -1
    for start, stop in spans:
        if start > end:
            if end > begin:
                yield begin, end
            begin, end = start, stop
        else:
            end = max(end, stop)
    if end > begin:
        yield begin, end


def _joined(data: bytes, spans: Iterable[tuple[int, int]], position: int, upto: int) -> bytes:
    """`data` from `position` up to `upto` with a mask for each span that begins there."""
    parts = []
    for start, end in spans:
        if start >= upto:
            break
        parts += [data[position:start], MASK]
        position = min(end, upto)
    return b"".join([*parts, data[position:upto]])
