"""One topic: its tree, its position, and what a reader who stands further back needs to catch up.

There is no buffer of past changes. Every element carries the position of its last change and removed ids
leave a tombstone, so one function answers a reconnect, a slow reader, a hidden tab and a poll.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota_catalog.catalog import Catalog
from rota_catalog.check import BrokenTree, Fault, admit
from rota_catalog.diff import Op, add, diff, remove
from rota_catalog.equal import same
from rota_catalog.tree import TREE_VERSION, Document, Element

TOMBSTONES = 4096
ALWAYS_CHEAP = 32  # up to so many changed elements a catch-up is never worth a whole tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """Operations that lead from position `base` to `seq`; afterwards there are `count` elements."""

    base: int
    seq: int
    count: int
    ops: Sequence[Op]


class Topic:
    """Holds the newest tree of one topic. `report` hears of every element that had to be replaced."""

    def __init__(
        self,
        name: str,
        *,
        epoch: str,
        catalog: Catalog,
        tombstones: int = TOMBSTONES,
        report: Callable[[Fault], None] = lambda fault: None,
    ) -> None:
        self.name = name
        self.epoch = epoch
        self.seq = 0
        self._catalog = catalog
        self._report = report
        self._root = ""
        self._sources: Mapping[str, Element] = {}  # as the author gave them: what is compared for changes
        self._elements: dict[str, Element] = {}  # as they may be shown
        self._faults: list[Fault] = []  # what is wrong with the newest tree
        self._revisions: dict[str, int] = {}
        self._tombstones: dict[str, int] = {}  # oldest first
        self._limit = tombstones
        self._floor = 0

    @property
    def elements(self) -> Mapping[str, Element]:
        """The tree as it may be shown."""
        return self._elements

    @property
    def root(self) -> str:
        return self._root

    def update(self, document: Document) -> Delta | None:
        """Take a new tree. The change to it, or None when it is the same.

        Only elements that changed, or were replaced, are checked.
        Raises BrokenTree; then the tree before stays.
        """
        if self._root and document.root != self._root:
            raise BrokenTree(
                f"the root of {self.name!r} was {self._root!r} and can't become {document.root!r}"
            )
        # An element may have been replaced for where it stood, and stand elsewhere now.
        faulty = {fault.id for fault in self._faults}
        changed = [id_ for id_, e in document.elements.items() if id_ in faulty or not self._is_known(id_, e)]
        elements = {id_: self._elements.get(id_, e) for id_, e in document.elements.items()}
        elements.update((id_, document.elements[id_]) for id_ in changed)
        admitted, faults = admit(self._catalog, elements, changed, document.root)
        ops = diff(self._elements, admitted)
        self._root = document.root
        self._sources = document.elements
        for fault in faults:
            if fault not in self._faults:
                self._report(fault)
        self._faults = faults
        return self._advance(admitted, ops) if ops else None

    def since(self, seq: int) -> Delta | None:
        """What a reader at position `seq` lacks (empty `ops` when nothing); None: it needs the whole tree."""
        if seq > self.seq or seq < self._floor:
            return None
        changed = [id_ for id_, revision in self._revisions.items() if revision > seq]
        gone = [id_ for id_, removed_at in self._tombstones.items() if removed_at > seq]
        if len(changed) > ALWAYS_CHEAP and 2 * len(changed) > len(self._elements):
            return None
        ops = [*map(remove, gone), *(add(id_, self._elements[id_]) for id_ in changed)]
        return Delta(base=seq, seq=self.seq, count=len(self._elements), ops=ops)

    def document(self, *, now: int) -> dict[str, Any]:
        """The whole tree with its position, as it travels; `now` in ms."""
        return {
            "tree": TREE_VERSION,
            "catalog": {"id": self._catalog.id, "version": self._catalog.version},
            "topic": self.name,
            "epoch": self.epoch,
            "seq": self.seq,
            "now": now,
            "root": self._root,
            "elements": dict(self._elements),
        }

    def _is_known(self, id_: str, element: Element) -> bool:
        before = self._sources.get(id_)
        return before is not None and same(before, element)

    def _advance(self, elements: dict[str, Element], ops: Sequence[Op]) -> Delta:
        base, self.seq = self.seq, self.seq + 1
        for id_ in {op["path"].split("/")[2] for op in ops}:
            self._tombstones.pop(id_, None)
            if id_ in elements:
                self._revisions[id_] = self.seq
            else:
                del self._revisions[id_]
                self._tombstones[id_] = self.seq
        self._elements = elements
        self._forget_tombstones()
        return Delta(base=base, seq=self.seq, count=len(elements), ops=ops)

    def _forget_tombstones(self) -> None:
        while len(self._tombstones) > self._limit:
            oldest = next(iter(self._tombstones))
            self._floor = self._tombstones.pop(oldest)
