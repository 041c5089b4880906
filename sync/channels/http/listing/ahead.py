"""Fetches the next page while the last one is worked on: one page ahead, never more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from sync.channels.http.listing.pages import PageBody, PageRequest

Fetch = Callable[[PageRequest, str], Awaitable[PageBody]]
"""Gets a page; the text is its place for messages."""

Decide = Callable[[PageBody], PageRequest | None]
"""Takes a page; answers what the next one is asked with, or None after the last. May raise."""


async def followed(
    fetch: Fetch, first: PageRequest, decide: Decide, *, of: str = ""
) -> AsyncIterator[PageBody]:
    """Give a list's pages in their order.

    What fetching a page raises is raised in that page's turn, once all before it are worked on.
    However the caller ends, no request goes on after it.
    """
    number, pending = 1, _begin(fetch, first, f"{of}page 1")
    try:
        while True:
            page = await pending
            following = decide(page)
            if following is None:
                yield page
                return
            number += 1
            pending = _begin(fetch, following, f"{of}page {number}")
            yield page
    finally:
        if not pending.done():
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([pending])
        # An error that nobody will ask for is no error to report; taking it says so.
        if not pending.cancelled():
            pending.exception()


def _begin(fetch: Fetch, request: PageRequest, place: str) -> asyncio.Task[PageBody]:
    async def fetched() -> PageBody:
        return await fetch(request, place)

    return asyncio.create_task(fetched())
