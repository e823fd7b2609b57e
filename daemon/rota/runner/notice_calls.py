"""The system calls of sockets for sd_notify; `system.System` has them among its own."""

# ruff: noqa: PTH108

from __future__ import annotations

import errno
import os
import socket
import struct

NOTICE = 8192  # bytes of a datagram that are read; sd_notify itself sends at most 4096
_SENDER = struct.Struct("3i")  # pid, uid, gid


class NoticeCalls:
    """Of datagrams, and of who sends them."""

    def bind_notices(self, path: str) -> socket.socket:
        """A datagram socket that learns who sends, over one that is there. Raises OSError."""
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            try:
                bound.bind(path)
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                os.unlink(path)
                bound.bind(path)
        except OSError:
            bound.close()
            raise
        return bound

    def receive_notice(self, connection: socket.socket) -> tuple[bytes, int] | None:
        """One datagram and the uid of who sent it; None when there is none. One too long is empty."""
        try:
            data, ancillary, flags, _ = connection.recvmsg(
                NOTICE, socket.CMSG_SPACE(_SENDER.size), socket.MSG_CMSG_CLOEXEC
            )
        except OSError:
            return None
        uid = -1
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                uid = _SENDER.unpack(content[: _SENDER.size])[1]
        # Descriptors that came along found no room, so that the kernel closed them: a barrier is passed.
        return b"" if flags & socket.MSG_TRUNC else data, uid
