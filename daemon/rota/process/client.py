"""The daemon's side of the runner: one connection, made again for ever, and what is under way on it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

import structlog

from rota.core.errors import Unavailable
from rota.core.seams import (
    AttemptRef,
    AttemptReport,
    AttemptWhere,
    Clock,
    Grew,
    Refused,
    RunnerEvent,
    RunnerFacts,
    Started,
    StartOrder,
)
from rota.process.connection import Connection
from rota.process.fifo import Fifos
from rota.process.messages import (
    entries,
    fits,
    read_ended,
    read_facts,
    read_notices,
    read_report,
    read_started,
    ref_message,
    start_message,
    unknown_end,
)
from rota.process.waiting import Question, Start, Watch
from rota.runner.protocol import LARGE, PAGE, Message, version_text

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0  # seconds between attempts to connect
_KNOWN = "known"
_ADVICE = {  # by the code of an error
    "version": "; systemctl reload rota-runner, or SIGHUP, makes it the installed one, and its jobs go on"
}
_log = structlog.get_logger("rota.runner")


class RunnerClient:
    """Implements `core.seams.ProcessRunner`. `open` begins connecting, `close` ends it; jobs go on.

    `ledger` is the id of the daemon's ledger; `changed` is called whenever `facts` or `problem` may differ.
    """

    def __init__(
        self, socket: Path, *, clock: Clock, ledger: str = "", changed: Callable[[], None] = lambda: None
    ) -> None:
        self._path = socket
        self._clock = clock
        self._ledger = ledger
        self._changed = changed
        self._facts: RunnerFacts | None = None
        self._is_ending = False
        self.problem = ""  # why the runner that answers can't be used, in its own words
        self._connecting: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._starts: dict[str, Start] = {}
        self._watches: dict[str, Watch] = {}
        self._kills: dict[str, bool] = {}  # attempt id -> immediately
        self._owed: set[str] = set()  # attempts that somebody asked for and whose end is not stored yet
        self._questions: dict[int, Question] = {}
        self._numbers = count(1)
        self._table: list[Message] = []  # pages of the present hello
        self._fifos = Fifos()

    @property
    def facts(self) -> RunnerFacts | None:
        """Who the runner is, or None while none answers."""
        return self._facts

    async def open(self) -> None:
        """Begin to connect; does not wait for a runner."""
        self._connecting = asyncio.create_task(self._stay_connected())

    async def close(self) -> None:
        """End the connection. Whoever waits for a start or a report gets Unavailable."""
        self._is_ending = True
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        self._lose()
        for start in self._starts.values():
            start.give_up("the daemon is ending")
        for question in list(self._questions.values()):
            question.give_up("the daemon is ending")
        self._fifos.close()

    async def start(self, order: StartOrder) -> Started | Refused:
        """Spawn it; the same order goes out again after a lost connection, and is carried out once."""
        if not fits(order):
            return Refused(code="E2BIG", message=f"the order is larger than {LARGE // 2**20} MiB")
        waiting = Start(order=order)
        self._starts[order.ref.id] = waiting
        self._owed.add(order.ref.id)
        self._watches[order.ref.id] = Watch(ref=order.ref)
        self._put(start_message(order))
        answer: Started | Refused | None = None
        try:
            answer = await waiting.answer
            if isinstance(answer, Refused) and answer.code == _KNOWN:
                answer = await self._resolve_known(order.ref, answer)
        finally:
            self._starts.pop(order.ref.id, None)
            if not isinstance(answer, Started):
                self._watches.pop(order.ref.id, None)
                self._fifos.release(order.ref.id)
            if isinstance(answer, Refused) and answer.code != _KNOWN:
                self._owed.discard(order.ref.id)
        return answer

    async def terminate(self, ref: AttemptRef, *, immediately: bool = False) -> None:
        """SIGTERM to all of it and SIGKILL after its grace, or SIGKILL at once. Its end comes by `watch`."""
        immediately = immediately or self._kills.get(ref.id, False)
        self._kills[ref.id] = immediately
        self._put({"type": "kill", "attempt": ref.id, "immediately": immediately})

    async def watch(self, ref: AttemptRef) -> AsyncGenerator[RunnerEvent, None]:
        """Signs of life, then one Ended. An attempt of which nothing is left ends as unknown at once."""
        self._owed.add(ref.id)
        watch = self._watches.get(ref.id)
        if watch is None:
            watch = self._watches[ref.id] = Watch(ref=ref)
            self._ask([ref])
        told, heard = -1, 0
        try:
            while True:
                await watch.news.wait()
                watch.news.clear()
                if watch.ended is not None:
                    yield watch.ended
                    return
                fresh = tuple(notice for notice in watch.notices if notice.n > heard)
                if watch.size > told or fresh:
                    told, heard = watch.size, max((notice.n for notice in fresh), default=heard)
                    yield Grew(size=told, notices=fresh)
        finally:
            self._watches.pop(ref.id, None)
            self._kills.pop(ref.id, None)
            self._fifos.release(ref.id)

    async def report(self, refs: Sequence[AttemptRef]) -> Mapping[str, AttemptReport]:
        """What there is of each attempt, by attempt id. Waits for a runner while there is none."""
        if not refs:
            return {}
        self._owed.update(ref.id for ref in refs)
        return await self._ask(refs).answer

    async def ack(self, ref: AttemptRef) -> None:
        """The end is stored. When it can't be said now, it is with the next connection."""
        self._owed.discard(ref.id)
        self._put({"type": "ack", "attempt": ref.id})

    async def remove(self, job: str, number: int) -> None:
        """Delete the directories of a run's attempts, for retention; returns when the runner has done so.

        Raises Unavailable without a runner.
        """
        if self._connection is None or self._facts is None:
            raise Unavailable("no runner answers, so logs can't be deleted now")
        self._put({"type": "remove", "job": job, "run": number})
        # It answers in order. Thousands at once would keep it from starting what is due.
        await self._ask([AttemptRef(id="removed", job=job, number=number, step="main", n=1)]).answer

    async def quit(self) -> None:
        """Ask the runner to end; it does if it holds nothing. Does not wait."""
        self._is_ending = True
        self._put({"type": "quit"})
        await self._clock.sleep(0)  # the packet leaves when the loop turns

    # connecting

    async def _stay_connected(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                self._connection = await Connection.to(self._path, self._on_message)
            except OSError:
                await self._clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            self._table = []
            self._connection.put({"type": "hello", "version": version_text(), "ledger": self._ledger})
            await self._connection.closed
            pause = _FIRST_PAUSE if self._facts is not None else min(pause * 2, _LONGEST_PAUSE)
            self._lose()
            await self._clock.sleep(pause)

    def _lose(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        if self._facts is not None and not self._is_ending:
            _log.warning("runner.connection_lost", pid=self._facts.pid)
        self._facts = None
        self._changed()

    def _put(self, message: Message) -> None:
        # Without a greeted connection it is dropped: `_catch_up` says again all that still matters.
        if self._connection is not None and self._facts is not None:
            self._connection.put(message)

    def _ask(self, refs: Sequence[AttemptRef]) -> Question:
        number = next(self._numbers)
        question = self._questions[number] = Question(refs=tuple(refs))
        question.answer.add_done_callback(lambda _: self._questions.pop(number, None))
        self._put_question(number, question)
        return question

    def _put_question(self, number: int, question: Question) -> None:
        question.reports.clear()
        for start in range(0, len(question.refs), PAGE):
            page = question.refs[start : start + PAGE]
            self._put({"type": "report", "id": number, "attempts": [ref_message(ref) for ref in page]})

    # what the runner says

    def _on_message(self, message: Message) -> None:
        match message.get("type"):
            case "hello":
                self._on_hello(message)
            case "started":
                self._on_started(message)
            case "refused":
                refused = Refused(code=str(message.get("code")), message=str(message.get("message")))
                self._answer_start(str(message.get("attempt")), refused)
            case "alive":
                self._on_alive(message)
            case "ended":
                self._on_ended(message)
            case "found":
                self._on_found(message)
            case "error":
                self.problem = f"{message.get('message')}{_ADVICE.get(str(message.get('code')), '')}"
                _log.error("runner.error", code=message.get("code"), message=self.problem)
                self._changed()

    def _on_hello(self, message: Message) -> None:
        self._table.append(message)
        if message.get("more") is True:
            return
        self._facts = read_facts(message)
        self.problem = ""
        self._catch_up()
        _log.info("runner.connected", pid=self._facts.pid, user=self._facts.user)
        self._changed()

    def _catch_up(self) -> None:
        """After a hello: take in its table, then say and ask again all that is still open."""
        held: set[str] = set()
        for page in self._table:
            held |= self._take_live(page) | self._take_ended(page)
        self._table = []
        for start in self._starts.values():
            self._put(start_message(start.order))
        missing = [
            watch.ref
            for id_, watch in self._watches.items()
            if id_ not in held and id_ not in self._starts and watch.ended is None
        ]
        for number, question in list(self._questions.items()):
            self._put_question(number, question)
        if missing:
            self._ask(missing)
        for id_, immediately in self._kills.items():
            self._put({"type": "kill", "attempt": id_, "immediately": immediately})

    def _take_live(self, page: Message) -> set[str]:
        live = entries(page, "live")
        for entry in live:
            self._on_alive(entry)
        return {str(entry.get("attempt")) for entry in live}

    def _take_ended(self, page: Message) -> set[str]:
        ended = entries(page, "ended")
        for entry in ended:
            if str(entry.get("attempt")) in self._watches:
                self._on_ended(entry)
            elif entry.get("attempt") not in self._owed:
                # Nobody has a run that it could be of: stored before, and the acknowledgement went astray.
                self._put({"type": "ack", "attempt": entry.get("attempt")})
        return {str(entry.get("attempt")) for entry in ended}

    def _on_started(self, message: Message) -> None:
        started = read_started(message.get("started"))
        id_ = str(message.get("attempt"))
        watch = self._watches.get(id_)
        if started is None or watch is None:
            return
        self._hold_fifo(watch.ref)
        self._answer_start(id_, started)

    def _answer_start(self, id_: str, answer: Started | Refused) -> None:
        start = self._starts.get(id_)
        if start is not None and not start.answer.done():
            start.answer.set_result(answer)

    def _on_alive(self, message: Mapping[str, object]) -> None:
        watch = self._watches.get(str(message.get("attempt")))
        size = message.get("size")
        if watch is not None and isinstance(size, int):
            self._hold_fifo(watch.ref)
            watch.grow(size, read_notices(message))

    def _on_ended(self, message: Mapping[str, object]) -> None:
        ended = read_ended(message.get("ended"))
        watch = self._watches.get(str(message.get("attempt")))
        if watch is not None and ended is not None:
            watch.end(ended)
            self._fifos.release(watch.ref.id)

    def _on_found(self, message: Message) -> None:
        number = message.get("id")
        question = self._questions.get(number) if isinstance(number, int) else None
        if question is None:
            return
        for entry in entries(message, "reports"):
            report = read_report(entry)
            question.reports[str(entry.get("attempt"))] = report
            self._tell_watch(str(entry.get("attempt")), report)
        if len(question.reports) >= len({ref.id for ref in question.refs}) and not question.answer.done():
            question.answer.set_result(dict(question.reports))

    def _tell_watch(self, id_: str, report: AttemptReport) -> None:
        watch = self._watches.get(id_)
        if watch is None or id_ in self._starts:
            return
        if report.where is AttemptWhere.LIVE:
            self._hold_fifo(watch.ref)
            watch.grow(0, report.notices)
        else:
            watch.end(report.ended or unknown_end(self._clock.now()))

    async def _resolve_known(self, ref: AttemptRef, refused: Refused) -> Started | Refused:
        """It was started before: by this very order before the connection broke, as a rule."""
        report = (await self.report([ref]))[ref.id]
        if report.started is None or report.where not in (AttemptWhere.LIVE, AttemptWhere.ENDED):
            return refused
        self._starts.pop(ref.id, None)
        self._tell_watch(ref.id, report)
        return report.started

    def _hold_fifo(self, ref: AttemptRef) -> None:
        if self._facts is not None:
            self._fifos.hold(ref, self._facts.state)
