"""Connections to the runner: who may speak, packets in, packets out. It understands no message."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from rota.runner.protocol import IN_MEMFD, LARGE, Garbled, pack, unpack

if TYPE_CHECKING:
    from rota.runner.protocol import Message
    from rota.runner.system import System

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
BACKLOG = 64 * 1024 * 1024  # bytes that wait for a slow peer before it is disconnected


class Link:
    """One connection."""

    __slots__ = ("_messages", "_packets", "_size", "_system", "connection", "greeted")

    def __init__(self, system: System, connection: socket.socket) -> None:
        self._system = system
        self.connection = connection
        self.greeted = False
        self._messages: list[Message] = []
        self._packets: list[bytes] = []
        self._size = 0  # of them, in bytes

    def receive(self) -> list[Message] | None:
        """The messages of the next packet; None when the peer is gone. Raises Garbled, BlockingIOError."""
        try:
            data, descriptor = self._system.receive(self.connection)
        except BlockingIOError:
            raise
        except OSError:
            return None
        if descriptor is not None:
            try:
                data = self._read_memfd(descriptor) if data == IN_MEMFD else data
            finally:
                self._system.close(descriptor)
        return unpack(data) if data else None

    def put(self, message: Message) -> None:
        """Send it with the next `flush`."""
        self._messages.append(message)

    def flush(self) -> bool:
        """Send what is ready, in as few packets as can be; False when the peer is gone or asleep for good."""
        if self._messages:
            packets = pack(self._messages)
            self._packets += packets
            self._size += sum(map(len, packets))
            self._messages = []
        sent = 0
        try:
            for packet in self._packets:
                self._system.send(self.connection, packet)
                sent += 1
                self._size -= len(packet)
        except BlockingIOError:
            pass
        except OSError:
            return False
        del self._packets[:sent]
        return self._size < BACKLOG

    @property
    def is_waiting(self) -> bool:
        """Whether there is more to send than the peer has room for."""
        return bool(self._packets)

    def close(self) -> None:
        self.connection.close()

    def _read_memfd(self, descriptor: int) -> bytes:
        try:
            return self._system.read_memory(descriptor, LARGE)
        except OSError as error:
            raise Garbled("the descriptor is no memfd of at most 4 MiB") from error


def peer_uid(connection: socket.socket) -> int:
    """Who connected, as the kernel says."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(credentials)[1]
    return uid
