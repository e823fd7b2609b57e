"""The same request sent twice is done once: answers are remembered by their Idempotency-Key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from weakref import WeakValueDictionary

from aiohttp import web

from rota.core.errors import InvalidRequest
from rota.web.services import SERVICES

REMEMBERED = timedelta(hours=24)

_SCOPE = "idempotency"


class Once:
    """One lock per key in use, so that two equal requests at the same time are one as well."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def carry_out(
        self, request: web.Request, actor: str, act: Callable[[], Awaitable[web.Response]]
    ) -> web.Response:
        """`act` unless that actor has sent this key here before; then its first answer.

        Refusals are not remembered: nothing was done. Raises InvalidRequest for a key used with another body.
        """
        given = request.headers.get("Idempotency-Key")
        if given is None:
            return await act()
        if not 0 < len(given) <= 128:
            raise InvalidRequest("An Idempotency-Key has 1 to 128 characters.")
        key = _digest(actor, request.method, request.path, given)
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            return await self._answer(request, key, act)

    async def _answer(
        self, request: web.Request, key: str, act: Callable[[], Awaitable[web.Response]]
    ) -> web.Response:
        services = request.app[SERVICES]
        body = sha256(await request.read()).hexdigest()
        known = await services.store.recall(_SCOPE, key)
        if known is not None:
            return _replay(known, body)
        response = await act()
        fact = {
            "body": body,
            "status": response.status,
            "text": response.text,
            "to": response.headers.get("Location"),
        }
        await services.store.remember(_SCOPE, key, json.dumps(fact), services.clock.now() + REMEMBERED)
        return response


ONCE = web.AppKey("once", Once)


def _replay(known: str, body: str) -> web.Response:
    fact = json.loads(known)
    if fact["body"] != body:
        raise InvalidRequest("This Idempotency-Key was used with another body.")
    headers = {"Location": fact["to"]} if fact["to"] else {}
    return web.Response(
        status=fact["status"], text=fact["text"], content_type="application/json", headers=headers
    )


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
