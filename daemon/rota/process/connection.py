"""One connection to the runner: packets in and out of a SOCK_SEQPACKET socket, on the loop."""

from __future__ import annotations

import array
import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path

from rota.runner.protocol import IN_MEMFD, PACKET, Garbled, Message, pack, unpack

_PACKETS_AT_ONCE = 32
_MANY = 16  # messages: the first of a thousand orders begin while the others are still being written


class Connection:
    """Calls `on_message` for each message; `closed` is done when the peer is gone or talks garbage."""

    def __init__(self, connected: socket.socket, on_message: Callable[[Message], None]) -> None:
        self._socket = connected
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._messages: list[Message] = []
        self._packets: deque[bytes] = deque()
        self._is_flush_due = False
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(connected, self._receive)

    @classmethod
    async def to(cls, path: Path, on_message: Callable[[Message], None]) -> Connection:
        """Connect. Raises OSError when nobody listens."""
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connecting.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connecting, str(path))
        except BaseException:
            connecting.close()
            raise
        return cls(connecting, on_message)

    def put(self, message: Message) -> None:
        """Send it with what is put before the loop turns; many do not wait so long."""
        self._messages.append(message)
        if len(self._messages) >= _MANY:
            self._flush()
        elif not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
        if not self.closed.done():
            self.closed.set_result(None)

    def _flush(self) -> None:
        self._is_flush_due = False
        if not self._messages:
            return
        self._packets += pack(self._messages)
        self._messages = []
        self._send()

    def _send(self) -> None:
        if self._socket.fileno() < 0:
            return
        try:
            while self._packets:
                self._send_one(self._packets[0])
                self._packets.popleft()
        except BlockingIOError:
            self._loop.add_writer(self._socket, self._send)
            return
        except OSError:
            self.close()
            return
        self._loop.remove_writer(self._socket)

    def _send_one(self, packet: bytes) -> None:
        if len(packet) <= PACKET:
            self._socket.send(packet, socket.MSG_NOSIGNAL)
            return
        memfd = os.memfd_create("rota-start", os.MFD_CLOEXEC)
        try:
            view = memoryview(packet)
            while view:
                view = view[os.write(memfd, view) :]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [memfd]))]
            self._socket.sendmsg([IN_MEMFD], rights, socket.MSG_NOSIGNAL)
        finally:
            os.close(memfd)

    def _receive(self) -> None:
        for _ in range(_PACKETS_AT_ONCE):
            try:
                packet = self._socket.recv(PACKET + 1)
                messages = unpack(packet) if packet else None
            except BlockingIOError:
                return
            except (OSError, Garbled):
                messages = None
            if messages is None:
                self.close()
                return
            for message in messages:
                self._on_message(message)
