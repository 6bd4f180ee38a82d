"""One reader's stream of events: what it missed from the database, then what the process's one reader finds."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError

from cloud_service.accounts.identity import Identity
from cloud_service.delivery.fan_out import AT_ONCE, FanOut
from cloud_service.delivery.frames import Frame, View
from cloud_service.errors import UnauthorisedError
from shared.logs import get_logger

KEEP_ALIVE = b": ping\n\n"
KEEP_ALIVE_SECONDS = 15.0
"""How long a stream may be silent (WHATWG HTML section 9.2.7): proxies end connections that are longer."""

log = get_logger(__name__)


async def follow(fan_out: FanOut, who: Identity, position: int) -> AsyncIterator[bytes]:
    """Every event behind `position` that `who` may see, once and in the order of the log, as bytes to be sent.

    What the process still holds comes from memory, anything older from the database. Both are the same log and the
    stream goes by position alone, so it passes from one to the other without a gap or a double, as often as it falls
    behind. It holds `AT_ONCE` frames at most, and takes more only when those are on their way.

    It ends when the process is to end, when the log-in of `who` ends or its rights change (see `FanOut`), and where the
    database goes away.
    """
    view, recent, clock = View.of(who), fan_out.recent, asyncio.get_running_loop().time
    silent_since = clock()
    with fan_out.listening(who) as listener:
        while not listener.has_ended:
            frames: Sequence[Frame] = ()
            if position >= listener.reach:
                await fan_out.news(silent_since + KEEP_ALIVE_SECONDS - clock())
            elif position >= recent.begin:
                frames = recent.between(position, listener.reach, AT_ONCE)
                position = frames[-1].position
            else:
                try:
                    frames, position = await fan_out.missed(who, view, position)
                except (OperationalError, NoFreeConnectionError, UnauthorisedError) as error:
                    log.info("an event stream ends while it catches up", reason=str(error))
                    return
            told = b"".join(frame.data for frame in frames if view.sees(frame))
            if told or clock() - silent_since >= KEEP_ALIVE_SECONDS:
                yield told or KEEP_ALIVE
                silent_since = clock()
