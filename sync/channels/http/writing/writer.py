"""Sets listings as `[channels.NAME.write]` describes it: one in a request, or several."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from store.model import State
from sync import values
from sync.channels.base import Change, ListingRef, Receipt
from sync.channels.http import placeholders
from sync.channels.http.listing.single import SingleReader
from sync.channels.http.writing import bodies
from sync.channels.http.writing.results import BatchResults, names
from sync.channels.http.writing.table import VERSION, WriteTable
from sync.channels.http.writing.versions import Version, VersionMemory
from sync.channels.words import unknown_before
from sync.errors import (
    ChannelError,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

if TYPE_CHECKING:
    from sync.channels.http.client import ApiClient
    from sync.channels.http.options import HttpOptions
    from sync.transport.call import Reply


class ListingWriter:
    """Writes one described API's listings."""

    def __init__(
        self,
        options: "HttpOptions",
        write: WriteTable,
        client: "ApiClient",
        single: SingleReader,
        versions: VersionMemory,
    ) -> None:
        self._options = options
        self._write = write
        self._client = client
        self._single = single
        self._versions = versions
        self._words = {state: word for word, state in reversed(options.states.items())}
        self._results: BatchResults | None = None
        if write.batch is not None:
            self._results = BatchResults(
                write.batch, write.conflicts, client.text, client.page_complaint
            )

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set these listings, one receipt for each, in order. Raises what `Channel.write` does."""
        if self._write.batch is None:
            return [await self._one(change) for change in changes]
        receipts: dict[int, Receipt] = {}
        stopped: ChannelError | None = None
        has_left = False
        for url, places in self._calls(changes, receipts):
            call = [changes[place] for place in places]
            if stopped is not None:
                answers: Sequence[Receipt] = [_unsent(change, stopped) for change in call]
            else:
                try:
                    answers = await self._batch(url, call)
                except ChannelError as error:
                    # Nothing has left before: the error says of all what became of them. Later on
                    # it says so of its own request, and the next ones are not sent.
                    if not has_left and not isinstance(error, WriteOutcomeUnknown):
                        raise
                    answers = [_after(change, error) for change in call]
                    stopped = None if isinstance(error, WriteRejected) else error
            has_left = True
            receipts |= dict(zip(places, answers, strict=True))
        return [receipts[place] for place in range(len(changes))]

    def planned(self, change: Change) -> str:
        """What would be sent for a change, written out; nothing is sent.

        Raises ValueError where it can't be.
        """
        write = self._write
        url, lacking = self._address(change)
        if url is None:
            raise ValueError(lacking)
        known = self._versions.of(change)
        version = None if known is None else known[1]
        if known is not None and not _is_sendable(version):
            raise ValueError(self._no_version)
        meanings = self._meanings(change, version)
        if write.batch is None:
            content = bodies.filled(write.body, write.encoding, meanings)
        else:
            where = write.batch.list
            content = bodies.filled_batch(write.body, write.encoding, where, [meanings])
        in_header = version is not None and VERSION not in write.used()
        more = f", If-Match: {version}" if in_header else ""
        return f"{write.method} {url}{more}, body {content.written()}"

    async def _one(self, change: Change) -> Receipt:
        write = self._write
        url, lacking = self._address(change)
        if url is None:
            return Receipt(change, refused=f"not sent: {lacking}")
        version = await self._version(change)
        if isinstance(version, Receipt):
            return version
        try:
            content = bodies.filled(write.body, write.encoding, self._meanings(change, version))
        except ValueError as error:
            return Receipt(change, refused=f"not sent: {error}")
        in_header = version is not None and VERSION not in write.used()
        reply = await self._client.write(
            write.method,
            url,
            content,
            headers={"If-Match": str(version)} if in_header else {},
            accept=write.conflicts,
        )
        if reply.status in write.conflicts:
            self._versions.forget(ListingRef(change.sku, change.location, change.ref))
            words = f"{reply.status}: {self._client.words(reply.body)}"
            return Receipt(change, refused=words, conflict=True)
        return Receipt(change, later=reply.status in write.accepted)

    def _address(self, change: Change) -> tuple[str | None, str]:
        """Where a change is sent, or None and why it can't be."""
        # Left out of the body, `$previous` would take the API's guard with it.
        unsure = unknown_before(change.previous) if self._write.compares else None
        if unsure is not None:
            return None, unsure
        return placeholders.fill_url(self._write.url, change)

    def _calls(
        self, changes: Sequence[Change], receipts: dict[int, Receipt]
    ) -> Sequence[tuple[str, Sequence[int]]]:
        """The requests of a batch: the address of each, and which changes it holds.

        What can't be sent gets its receipt. Changes of one address are together, but for those
        that no result could tell apart.
        """
        calls: list[tuple[str, list[int], set[str]]] = []
        for place, change in enumerate(changes):
            url, lacking = self._address(change)
            if url is None:
                receipts[place] = Receipt(change, refused=f"not sent: {lacking}")
                continue
            (own,) = names([change])
            for known, places, taken in calls:
                if known == url and taken.isdisjoint(own):
                    places.append(place)
                    taken.update(own)
                    break
            else:
                calls.append((url, [place], set(own)))
        return [(url, places) for url, places, _ in calls]

    async def _batch(self, url: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Send several changes in one request."""
        write, batch, results = self._write, self._write.batch, self._results
        assert batch is not None
        assert results is not None
        versions = [await self._version(change) for change in changes]
        told = [version for version in versions if isinstance(version, Receipt)]
        sent = [
            (change, version)
            for change, version in zip(changes, versions, strict=True)
            if not isinstance(version, Receipt)
        ]
        if not sent:
            return told
        content = bodies.filled_batch(
            write.body, write.encoding, batch.list, [self._meanings(*part) for part in sent]
        )
        reply = await self._client.write(
            write.method,
            url,
            content,
            accept=write.conflicts,
            judge=lambda reply: self._judge(reply, len(sent)),
        )
        if reply.status in write.conflicts:
            # One of them has moved, and the channel does not say which.
            words = f"{reply.status}: {self._client.words(reply.body)}"
            raise WriteRejected(words, conflict=True)
        own = [change for change, _ in sent]
        answers = results.receipts(_json(reply), own)
        is_later = reply.status in write.accepted
        told += [
            Receipt(answer.change, answer.refused, answer.conflict, answer.unknown, later=is_later)
            for answer in answers
        ]
        by_change = {id(receipt.change): receipt for receipt in told}
        return [by_change[id(change)] for change in changes]

    def _judge(self, reply: "Reply", count: int) -> ChannelError | None:
        """Judge an answer as a whole; where it has results, these say what became of each."""
        content = _json(reply)
        if self._results is not None and self._results.of(content):
            return None
        error = self._client.write_error(reply)
        # An error inside a list is of one item. Without results nobody knows what became of the
        # others.
        is_of_all = count == 1 or self._client.page_complaint(content, [content]) is not None
        if isinstance(error, WriteRejected) and not is_of_all:
            return WriteOutcomeUnknown(str(error))
        return error

    async def _version(self, change: Change) -> Version | Receipt | None:
        """The version that the write rests on, or why it can't be sent; None where none counts."""
        if not self._versions.is_needed:
            return None
        known = self._versions.of(change)
        if known is None:
            wanted = ListingRef(change.sku, change.location, change.ref)
            answer = await self._single.read(wanted)
            known = self._versions.of(change)
            if known is None:
                reason = answer.refused[0].reason if answer.refused else "it is not there"
                return Receipt(change, refused=f"not sent: it can't be read by itself: {reason}")
        record, version = known
        before = change.previous
        if (record.available, record.state) != (before.available, before.state):
            words = f"it shows {record.available} by now, not {before.available}"
            return Receipt(change, refused=words, conflict=True)
        if not _is_sendable(version):
            return Receipt(change, refused=f"not sent: {self._no_version}")
        return version

    @property
    def _no_version(self) -> str:
        return f"`{self._write.if_match}` found no version in the answer of `read`"

    def _meanings(self, change: Change, version: Version | None) -> Mapping[str, object]:
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
            # Of a least number nobody knows what it is.
            "$previous": None if previous.at_least else before,
            "$state": None if state is None else self._words.get(State(state), str(state)),
            "$key": change.key,
            "$sku": change.sku,
            "$location": change.location,
            VERSION: version,
            **placeholders.of_ids(change.ref, self._options.ids),
        }


def _is_sendable(version: Version | None) -> bool:
    """Whether a version can stand in a header, as it is."""
    text = "" if version is None else str(version)
    return bool(text) and text.isascii() and text.isprintable()


def _json(reply: "Reply") -> object:
    try:
        return values.json_value(reply.body)
    except ValueError:
        return None


def _after(change: Change, error: ChannelError) -> Receipt:
    """What an error says of a change of a later request of the same call."""
    if isinstance(error, WriteRejected):
        return Receipt(change, refused=str(error), conflict=error.conflict)
    if isinstance(error, Temporary | NeedsOperator):
        return Receipt(change, unsent=str(error))
    return Receipt(change, unknown=str(error))


def _unsent(change: Change, error: ChannelError) -> Receipt:
    return Receipt(change, unsent=f"not sent, for a request before it failed: {error}")
