"""Sets listings as `[channels.NAME.write]` describes it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from store.model import State
from sync.channels.base import Change, Receipt
from sync.channels.http import placeholders

if TYPE_CHECKING:
    from sync.channels.http.client import ApiClient
    from sync.channels.http.options import HttpOptions


class ListingWriter:
    """Writes one described API's listings, one by one."""

    def __init__(self, options: "HttpOptions", client: "ApiClient") -> None:
        self._options = options
        self._client = client
        self._words = {state: word for word, state in reversed(options.states.items())}

    async def write(self, change: Change) -> Receipt:
        """Set one listing. Raises what `Channel.write` does."""
        write = self._options.write
        if write is None:
            return Receipt(change, refused="the channel is described without a way to write")
        url, lacking = placeholders.fill_url(write.url, change)
        if url is None:
            return Receipt(change, refused=f"not sent: {lacking}")
        body = placeholders.filled(write.body, self._placeholder_values(change))
        reply = await self._client.write(write.method, url, body, accept=write.conflict)
        if reply.status in write.conflict:
            words = f"{reply.status}: {self._client.words(reply.body)}"
            return Receipt(change, refused=words, conflict=True)
        return Receipt(change)

    def _placeholder_values(self, change: Change) -> Mapping[str, object]:
        """What each placeholder stands for in this write."""
        previous = change.previous
        quantity, before = change.quantity, previous.available
        if (
            "available" not in self._options.fields
            and previous.on_hand is not None
            and previous.available is not None
        ):
            # The channel stores on hand, so what is not for sale comes on top of what shall be
            # available (rule 11, docs/architecture.md). Without it every write would sell too few.
            quantity += previous.on_hand - previous.available
            before = previous.on_hand
        state = change.state or previous.state
        return {
            "$quantity": quantity,
            "$previous": before,
            "$state": None if state is None else self._words.get(State(state), str(state)),
            "$key": change.key,
            "$sku": change.sku,
            "$location": change.location,
            **placeholders.of_ids(change.ref, self._options.ids),
        }
