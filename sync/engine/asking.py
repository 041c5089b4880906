"""Ask the engine that has the lease for something, whichever process it is in, and wait for it.

`sync.engine.engine` asks so for a command's round, the console for its keys. The request is a row
of the cache: whoever asks need not wait, and an engine that takes over meanwhile does it too.
"""

import asyncio
from collections.abc import Sequence

from store.database import lease
from store.database.connection import Database
from store.database.lease import Answered
from store.errors import StoreError
from sync.clock import Clock

ASK_EVERY_S = 0.1
ASK_MS_MAX = 5 * 60_000


class NotAnswered(StoreError):
    """An engine has the lease, and has not answered in time."""


async def ask(
    database: Database,
    clock: Clock,
    what: str,
    channels: Sequence[str | None],
    *,
    who: str,
    wait_ms_max: int | None = None,
) -> list[Answered] | None:
    """Have it done for each channel, and answer what the engine said, in order.

    None where no engine has the lease, or not any more. Raises NotAnswered.
    """
    began = clock.now()
    longest_ms = ASK_MS_MAX if wait_ms_max is None else wait_ms_max
    waiting = [await database.awrite(lease.ask, what, one, who=who, now=began) for one in channels]
    answers: list[Answered] = []
    while waiting:
        answered = await database.aread(lease.answered, waiting[0])
        now = clock.now()
        if answered is not None:
            answers.append(answered)
            waiting.pop(0)
            if not answered.ok:
                return answers
        elif await database.aread(lease.current, now=now) is None:
            return None
        elif now - began > longest_ms:
            raise NotAnswered(f"the engine has not answered in {longest_ms / 1000:g} s")
        else:
            await asyncio.sleep(ASK_EVERY_S)
    return answers
