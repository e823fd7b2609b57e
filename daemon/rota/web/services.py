"""What the web needs of the rest of the daemon, handed over once by `rota.app`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from rota.core.board import Board
from rota.core.seams import Clock, Ids, Store
from rota.engine.bus import Bus
from rota.engine.operations import Operations
from rota.process.output import Logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that handlers reach.

    `url` answers the address that people open, known once the daemon listens. `epoch` is eight hex digits,
    random for each start of the daemon. `hosts` are names beside the loopback ones that browsers may ask for.
    `timezone` is that of triggers that name none; `pools` are places by name; `max_running` None: no limit.
    """

    board: Board
    operations: Operations
    store: Store
    logs: Logs
    bus: Bus
    clock: Clock
    ids: Ids
    url: Callable[[], str]
    version: str
    epoch: str
    hosts: tuple[str, ...] = ()
    timezone: str = "UTC"
    pools: Mapping[str, int] = field(default_factory=dict)
    max_running: int | None = None


SERVICES = web.AppKey("services", Services)
