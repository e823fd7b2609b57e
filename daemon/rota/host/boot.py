"""When the host was started, and which start that was."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from rota.core.errors import Unavailable
from rota.core.instant import from_ms, to_ms
from rota.core.seams import Boot, Store
from rota.host.listen import boot_id

_SCOPE = "boot"
_WOBBLE = timedelta(seconds=10)  # that the kernel's answer may differ by, as its clock is disciplined
_KEPT = timedelta(days=3650)


def read_boot(proc: Path = Path("/proc")) -> Boot:
    """This boot as the kernel tells it, to the second."""
    lines = (line.split() for line in (proc / "stat").read_text().splitlines())
    seconds = next(int(words[1]) for words in lines if words and words[0] == "btime")
    return Boot(id=boot_id(), at=from_ms(seconds * 1000))


async def remembered(boot: Boot, store: Store, now: datetime) -> Boot:
    """The boot with the instant that was read first, so that what is due after it stays where it is.

    When the clock was set since, the instant is the new one.
    """
    known = await store.recall(_SCOPE, boot.id)
    if known is not None and abs(from_ms(int(known)) - boot.at) <= _WOBBLE:
        return Boot(id=boot.id, at=from_ms(int(known)))
    with suppress(Unavailable):  # then another start of the daemon may read a second more or less
        await store.remember(_SCOPE, boot.id, str(to_ms(boot.at)), now + _KEPT)
    return boot
