"""Signing a browser in: a one-time link becomes a session; only hashes of either are stored."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from aiohttp import web

from rota.core.seams import Clock, Ids, Store

LINK_LIFETIME = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    token: str
    expires_at: datetime


class Sessions:
    """One-time links and the sessions made from them, kept in the store: a restart signs nobody out."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._redeeming = asyncio.Lock()

    async def create_link(self) -> Link:
        """A new link, good once within `LINK_LIFETIME`. Raises Unavailable."""
        link = Link(token=self._ids.token(), expires_at=self._clock.now() + LINK_LIFETIME)
        await self._store.remember("sign-in link", _hash(link.token), "1", link.expires_at)
        return link

    async def redeem(self, token: str) -> str | None:
        """The new session's token; None for a link that is unknown, used or too old. Raises Unavailable."""
        async with self._redeeming:  # two requests with one link must not both find it
            if await self._store.recall("sign-in link", _hash(token)) is None:
                return None
            await self._store.forget("sign-in link", _hash(token))
        session = self._ids.token()
        await self._store.remember("session", _hash(session), "1", self._clock.now() + SESSION_LIFETIME)
        return session

    async def is_valid(self, session: str) -> bool:
        return await self._store.recall("session", _hash(session)) is not None

    async def end(self, session: str) -> None:
        """Sign out."""
        await self._store.forget("session", _hash(session))


SESSIONS = web.AppKey("sessions", Sessions)


def csrf_token(session: str) -> str:
    """The token that pages of that session carry; it can't be had from anything stored."""
    return sha256(f"csrf\n{session}".encode()).hexdigest()


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
