"""One record of a described API, read by itself at `write.read`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from store.model import Record, Refused
from sync import values
from sync.channels.api import expressions
from sync.channels.base import FreshReadings, ListingRef
from sync.channels.http import placeholders, refs
from sync.channels.http.client import ApiClient
from sync.channels.http.listing import formats
from sync.channels.http.listing.nested import OnlyChildren, children
from sync.channels.http.listing.reader import ListReader
from sync.channels.http.listing.records import RecordDecoder
from sync.channels.http.writing.versions import VersionMemory
from sync.channels.words import NumberWords
from sync.errors import ChannelError, ContractBroken
from sync.times.time_zones import zone_of

if TYPE_CHECKING:
    from sync.channels.http.options import HttpOptions
    from sync.transport.call import Reply

GONE = frozenset({404, 410})


class SingleReader:
    """Reads listings one by one, in the ways that APIs answer for one."""

    def __init__(
        self,
        options: "HttpOptions",
        client: ApiClient,
        reader: ListReader,
        versions: VersionMemory,
    ) -> None:
        self._options = options
        self._client = client
        self._reader = reader
        self._versions = versions
        write = options.write
        self._url = "" if write is None or write.read is None else write.read
        item = None if write is None else write.item
        self._item = None if item is None else expressions.search(item)
        self._item_path = item
        # Without its parent, an item is what those of `fields` say that look at the item only.
        self._lacking = [
            field
            for field, expression in options.fields.items()
            if options.each is not None
            and any(steps[:1] == ("parent",) for steps in expressions.roots(expression))
        ]

    async def read(self, wanted: ListingRef) -> FreshReadings:
        """Read one listing. Raises what `Channel.read` does."""
        url, lacking = placeholders.fill_url(self._url, wanted)
        if url is None:
            reason = f"it can't be asked for by itself: {lacking}"
            return _refused(wanted, reason, place="its SKU")
        client, found = self._client, list[FreshReadings]()
        self._versions.forget(wanted)

        def judge(reply: "Reply") -> ChannelError | None:
            content = self._reader.content(reply, wanted.sku)
            items = self._reader.items_of(content)
            found[:] = [self._asked_for(wanted, content, items)]
            for record in found[0].records[:1]:
                self._versions.note(wanted, reply, content, record)
            # A record is no error, whatever fields it has; an answer with none, or with an error
            # around its record, may be one.
            complaint = client.page_complaint(content, items)
            if complaint is None or (found[0].records and not isinstance(items, list)):
                return None
            error = client.read_error(complaint, wanted.sku, "no record")
            if isinstance(error, ContractBroken):
                found[:] = [_refused(wanted, str(error), place="its own record")]
                return None
            return error

        reply = await client.read(url, judge, accept=GONE)
        return FreshReadings() if reply.status in GONE else found[0]

    async def problem(self, record: Record) -> str:
        """Say why a record of the list can't be read by itself; empty where it can."""
        try:
            found = await self.read(ListingRef(record.sku, record.location, record.ref))
        except ChannelError as error:
            return str(error)
        if found.refused:
            return found.refused[0].reason
        if not found.records:
            return "not found, though the list has it"
        ref = found.records[0].ref
        if ref != record.ref:
            return (
                f"its ref is {values.quoted(ref)} there and {values.quoted(record.ref)} in the list"
            )
        return ""

    def _asked_for(self, wanted: ListingRef, content: object, items: object) -> FreshReadings:
        """Take the record that was asked for, whether it comes alone or as a page of one."""
        try:
            found = self._decoded(wanted, content, items)
        except ValueError as error:
            return _refused(wanted, str(error), place="its own record")
        mine = [r for r in found.records if (r.sku, r.location) == (wanted.sku, wanted.location)]
        # Where a single record comes without one of its ids, it was asked for by it or by its SKU.
        mine = [
            msgspec.structs.replace(record, ref=refs.joined(record.ref, wanted.ref))
            for record in mine
        ]
        if mine or not (found.records or found.refused):
            return FreshReadings(mine)
        reason = found.refused[0].reason if found.refused else "the answer is for another SKU"
        place = found.refused[0].place if found.refused else "record 1"
        return _refused(wanted, reason, place)

    def _decoded(self, wanted: ListingRef, content: object, items: object) -> FreshReadings:
        # Many APIs answer for one record with the record itself, others with a page that has one.
        # Both are tried, so that `read` needs no description of its own in the configuration.
        if self._item is not None:
            records = self._named(content)
        else:
            records = items if isinstance(items, list) else [content]
        if self._options.each is None:
            return self._reader.decoded(records, "")
        nested = [item for parent in records for item in self._inside(parent)]
        if nested:
            return self._reader.decoded(nested, "")
        return self._without_parent(wanted, records)

    def _named(self, content: object) -> Sequence[object]:
        """What `write.item` finds. Raises ValueError where it finds no record."""
        try:
            found = self._item(content) if self._item is not None else content
        except expressions.ERROR as error:
            raise ValueError(f"write.item: {' '.join(str(error).split())}") from None
        if found is None:
            has = values.key_names(content) if isinstance(content, dict) else values.quoted(content)
            raise ValueError(f"write.item: `{self._item_path}` found nothing; the answer has {has}")
        return found if isinstance(found, list) else [found]

    def _inside(self, parent: object) -> Sequence[Mapping[str, object]]:
        each = self._options.each
        if each is None or each.url is not None:
            return ()
        expression = each.items if each.items is not None else str(each.keys)
        try:
            found = expressions.search(expression)(parent)
            if self._options.format == "xml" and each.keys is None:
                found = formats.one_or_more(found, expression, parent)
            inside = children(found, expression, by_key=each.keys is not None)
            return OnlyChildren(each).of(parent, inside)
        except (ValueError, expressions.ERROR):
            return ()

    def _without_parent(self, wanted: ListingRef, records: Sequence[object]) -> FreshReadings:
        """Read items that come without what they are in: whose they are is what was asked for."""
        options = self._options
        needed = [field for field in self._lacking if field in ("state", "available", "on_hand")]
        if needed:
            raise ValueError(
                f"fields.{needed[0]} is in the parent, which this answer lacks: read the parent, "
                'such as read = "…/products/{parent}", or take it from the item'
            )
        fields = {
            field: expression
            for field, expression in options.fields.items()
            if field not in self._lacking
        }
        own = {"sku": wanted.sku, "location": wanted.location}
        known = {field: own[field] for field in self._lacking if field in own}
        fields |= {field: f"known.{field}" for field in known}
        ids = {
            name: expression
            for name, expression in options.ids.items()
            if not any(steps[:1] == ("parent",) for steps in expressions.roots(expression))
        }
        decoder = RecordDecoder(
            fields, options.states, NumberWords(options.words),
            zone=zone_of(options.timezone), ids=ids,
            # As in the list, where `ids` of the parent keep the type of `ref` as well.
            keeps_type=self._reader.keeps_type or bool(options.ids),
        )  # fmt: skip
        by_key = options.each is not None and options.each.keys is not None
        contexts: list[Mapping[str, object]] = [
            {
                "item": {"key": wanted.sku, "value": item} if by_key else item,
                "parent": item,
                "known": known,
            }
            for item in records
        ]
        return self._reader.fit(decoder.all(contexts, ""))


def _refused(wanted: ListingRef, reason: str, place: str) -> FreshReadings:
    return FreshReadings(refused=[Refused(place, reason, wanted.sku, wanted.location)])
