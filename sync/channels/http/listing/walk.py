"""One reading of a list, page after page: is it whole, did it move, does it end."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store.polling.recognition.pages import UNMARKED
from sync.channels.api import expressions
from sync.channels.http.listing import announcements
from sync.channels.http.listing.announcements import Told
from sync.channels.http.listing.pages import PageBody, PageReader, PageRequest
from sync.channels.http.listing.paging import Pager, SoFar
from sync.channels.http.listing.seen import LaterItems
from sync.channels.http.listing.table import ListTable
from sync.errors import ContractBroken

PAGES_MAX = 20_000
"""A million records in pages of 50. What goes on longer has no end, or is no list to poll."""

EMPTY_MAX = 100
"""So many pages in a row without a record lead nowhere. Some APIs filter after they page, so a few
empty ones before the next full one are usual."""

REPEATED_MAX = 3
"""The same records so often in a row are one page under many addresses."""

TAIL = 20
"""So many of a page's last records are looked for at the next one's beginning by their ref."""

_FULL_MIN = 50
"""So many children of one parent, and a round number, are as likely a full page as all of them."""

_NO_PAGE = re.compile(
    r"page|offset|range|not[ _-]?found|no (more|results|records|items|data)|exist|beyond|past|empty"
    r"|^\W*$",
    re.IGNORECASE,
)

_PARENT_IDS = ("id", "_id", "ID", "uuid", "sku", "code", "handle", "number")
"""What tells one parent of `each` from another: the first of these that it has."""


@dataclass(frozen=True, slots=True)
class ParentOfList:
    """Whose own list is read, where it is not the channel's."""

    record: object
    place: str
    """Where its children are, for messages."""


class ListWalk:
    """What is known of a list while its pages come, one after another."""

    def __init__(
        self,
        name: str,
        table: ListTable,
        pages: PageReader,
        pager: Pager,
        parent: ParentOfList | None = None,
    ) -> None:
        self._name = name
        self._parent = parent
        self._table = table
        self._reader = pages
        self._pager = pager
        self._identity = _identity(table)
        self._names = self._identity or _names(table)
        self._seen: set[str] = set()
        self._first: Sequence[object] = ()
        self._before: Sequence[object] = ()
        self._first_mark = self._before_mark = UNMARKED
        self._total: Told | None = None
        """What `total` says newest, or else the least that is announced by itself."""
        self._total_missing = ""
        self._total_lies = ""
        self._no_page = ""
        self._empty = self._repeated = self._shrunk = 0
        self._is_first_twice = False
        self._last: PageBody | None = None
        """The newest page that has something of its own to say."""
        self.pages = self.came = self.twice = 0
        """Pages read, records in them, and those left out because the page before had them too."""
        self._count = 0
        """Records as the API counts them, those that came twice included."""
        self._units = 0
        self.following: PageRequest | None = None
        """The request of the page after the last one that was taken."""

    def take(self, page: PageBody) -> Sequence[object]:
        """Note a page; answer its records without those that the one before ended with.

        Raises ContractBroken where the pages go in a circle, or have no end.
        """
        if page.content is None:
            # There is no such page, and all that is announced had come: it was the end.
            self.following = None
            if self._total is None and page.complaint and not _says_no_page(page.complaint):
                self._no_page = (
                    f"page {self.pages + 1} was refused: {page.complaint}; the list may end "
                    "before it, or go on: add total"
                )
            return ()
        self.pages += 1
        place = f"page {self.pages}"
        if self._parent is not None:
            place = f"{self._parent.place}: {place}"
        items = page.items
        seen = self._reader.seen if self._parent is None else None
        pages = (self._first_mark, self._before_mark, page.mark)
        is_apart = seen is not None and seen.are_apart(pages)
        overlap = 0 if is_apart else self._overlap(items)
        is_repeated = not is_apart and self._is_page_before(items)
        overlap = len(items) if is_repeated else overlap
        self._repeated = self._repeated + 1 if overlap and overlap == len(items) else 0
        self._empty = 0 if page.count else self._empty + 1
        self._seen.add(page.asked.key)
        if not is_repeated:
            self._count += page.count
        self._note_total(page)
        self.following = self._after(page, place, is_repeated=is_repeated)
        is_first_again = not is_apart and bool(items) and items == self._first
        self._refuse_circles(place, is_first_again=is_first_again)
        if seen is not None and items and not (overlap or is_first_again):
            seen.keep_apart(pages)
        if not self._first:
            self._first, self._first_mark = items, page.mark
        if items:
            self._before, self._before_mark = items, page.mark
        if is_repeated and self.following is None and self._table.paging is not None:
            # The page past the end is the last one once more.
            self._is_first_twice = self.pages == 2  # noqa: PLR2004
            return ()
        self._last = page
        self.twice += overlap
        self.came += len(items) - overlap
        return items[overlap:] if overlap else items

    def add_units(self, quantities: Iterable[int | None]) -> None:
        """Take the quantities of a page's records."""
        if self.counts_units:
            self._units += sum(filter(None, quantities))

    @property
    def counts_units(self) -> bool:
        """Whether it must know the quantities of each page."""
        return self._total is not None and self._total.in_body

    @property
    def announced(self) -> int | None:
        """How many records the channel says it has, as far as it said so."""
        if self._total is None:
            return None
        # A `total` beside stock may be the total of the units. What came is whole then.
        is_units = self._total.in_body and self._total.number == self._units
        return self._got if is_units else self._total.number

    @property
    def announced_of_records(self) -> int | None:
        """The same of what `fields` read, to be held against the records that came."""
        announced = self.announced
        if announced is None or self._table.each is not None:
            return None
        # What came twice is counted there, and left out of the records.
        return self.came if announced <= self._got and self.following is None else announced

    def cut_short(self) -> str:
        """Say why the list goes on after its last page by its own words; empty where it ends."""
        last, signs = self._last, []
        if last is None:
            return ""
        told, announced = self._total, self.announced
        if told is not None and announced is not None and announced > self._got:
            signs.append(f"{told.by} announces {told.number:,} records, {self._got:,} came")
        told_pages = last.announced.pages
        if told_pages is not None and told_pages.number > self.pages:
            signs.append(f"{told_pages.by} announces {told_pages.number:,} pages, "
                         f"{self.pages:,} came")  # fmt: skip
        if last.announced.more:
            signs.append(last.announced.more)
        by = self._pager.name.removeprefix("paging by ")
        if self._is_first_twice and self._parent is not None and signs:
            signs.append(f"page 2 is page 1 once more: this address does not page by {by}")
        elif self._is_first_twice and self._parent is None and announced != self._got:
            signs.append(
                "page 2 is page 1 once more, so this is the whole list, or the API does not page "
                f"by {by}: add total or paging.size"
            )
        if not signs:
            return ""
        way = ""
        if self._table.next is None and self._table.paging is None:
            way = "; no `next` is described, so no next page is read"
            if announcements.LINK_SIGN in signs:
                way += ': add paging = { by = "link" }'
        return f"cut short: {'; '.join(signs)}{way}"

    def warnings(self) -> list[str]:
        """What makes the list doubtful, though it may be whole."""
        warnings = [*self._pager.warnings(), *filter(None, (self._total_missing, self._total_lies))]
        if self._parent is not None:
            # `total` and `paging` describe the list of parents; a parent's own may lack both.
            warnings = []
        if self._no_page:
            warnings.append(self._no_page)
        if self.twice:
            warnings.append(
                f"the list moved while it was read: {self.twice:,} of its records came twice"
            )
        elif self._shrunk:
            warnings.append(
                f"the list moved while it was read: it became shorter by {self._shrunk:,}, so that "
                "as many records may not have come"
            )
        last, is_one_page = self._last, self._table.next is None and self._table.paging is None
        if is_one_page and self._total is None and last is not None:
            words = announcements.looks_cut(last.asked.url, len(last.items))
            if words:
                warnings.append(f"{words}: there may be a next page, and no `next` is described")
        return warnings

    def looks_cut(self) -> int:
        """How many came, where that may be one page of more; 0 where nothing looks like it."""
        # The address of one parent often has no pages where the list of parents has them: that
        # page 2 is page 1 then only shows it, unless page 1 is just full.
        if not self._is_first_twice or self._last is None or self.announced == self._got:
            return 0
        count, way = self._last.count, self._table.paging
        is_full = way is not None and way.size is not None and count == way.size.value
        is_round = count >= _FULL_MIN and announcements.is_round(count)
        return count if is_full or is_round else 0

    @property
    def _got(self) -> int:
        """What came, to be held against what is announced."""
        return self.came if self._table.total is None else self._count

    def _after(self, page: PageBody, place: str, *, is_repeated: bool) -> PageRequest | None:
        so_far = SoFar(
            self.pages,
            self._count,
            total=self._total if self._table.total is not None and not self._total_lies else None,
            announced=self.announced,
            is_repeated=is_repeated,
        )
        try:
            return self._pager.after(page, so_far)
        except ValueError as error:
            raise ContractBroken(str(error), path=place, subject=self._name) from None

    def _note_total(self, page: PageBody) -> None:
        told = page.announced.records
        if self._table.total is None:
            # While pages are read, records come and go. The least that was announced is what must
            # have come at any rate; a total that shrank or grew is no sign of a cut list.
            if told is not None and (self._total is None or told.number < self._total.number):
                self._total = told
            return
        if told is None:
            self._total_missing = self._total_missing or self._reader.total_not_found(page)
            return
        before, self._total = self._total, told
        if before is not None and told.number < before.number and self._table.paging is not None:
            self._shrunk += before.number - told.number
        if told.number < self._count and not self._shrunk:
            self._total_lies = (
                f"total: {told.by} says {told.number:,}, and {self._count:,} records came: it is "
                "not how many the list has"
            )

    def _overlap(self, items: Sequence[object]) -> int:
        """How many of the page before's last records this page begins with again."""
        # Where somebody adds a record in front, everything moves back by one, and the last record
        # of a page stands on the next one again. It is not a duplicate of the shop's.
        before = self._before
        if not before or not items:
            return 0
        start = max(0, len(before) - len(items))
        try:
            if isinstance(before, LaterItems) and isinstance(items, LaterItems):
                at = before.place(items, start)
            else:
                at = before.index(items[0], start)
        except ValueError:
            return self._overlap_by_ref(items)
        count = len(before) - at
        return count if list(before[at:]) == list(items[:count]) else self._overlap_by_ref(items)

    def _overlap_by_ref(self, items: Sequence[object]) -> int:
        """The same where a record has been changed meanwhile, such as by a sale."""
        if not self._identity:
            return 0
        before = list(map(self._key, self._before[-min(TAIL, len(items)) :]))
        keys = list(map(self._key, items[: len(before)]))
        for count in range(len(before), 0, -1):
            if None not in keys[:count] and before[-count:] == keys[:count]:
                return count
        return 0

    def _key(self, item: object) -> tuple[object, ...] | None:
        key = self._found(self._identity, item) if isinstance(item, dict) else ()
        return None if not key or key[-1] in (None, "") else key

    def _is_page_before(self, items: Sequence[object]) -> bool:
        """Whether a page is the page before once more, whatever moved in its records meanwhile."""
        before = self._before
        if self._table.paging is None or not items or len(items) != len(before):
            return False
        if items == before:
            return True
        # One by one: mostly the first is another, and the rest need not be decoded.
        return all(
            (name := self._name_of(items[at])) is not None and name == self._name_of(before[at])
            for at in range(len(items))
        )

    def _name_of(self, item: object) -> tuple[object, ...] | None:
        """What a record is called, whether or not it has an id of its own."""
        name = self._found(self._names, item)
        return None if not name or name[0] in (None, "") else name

    def _found(self, looks: Sequence[expressions.Look], item: object) -> tuple[object, ...]:
        if self._parent is not None:
            item = {"parent": self._parent.record, "item": item}
        try:
            return tuple(look(item) for look in looks)
        except expressions.ERROR:
            return ()

    def _refuse_circles(self, place: str, *, is_first_again: bool) -> None:
        if self.following is None:
            return
        words = ""
        if self.following.key in self._seen:
            words = "leads back to a page already read"
        elif not self._repeated and self.pages > 1 and is_first_again:
            words = "leads on, and this page is page 1 once more"
        elif self._repeated >= REPEATED_MAX:
            words = f"leads on, but the same records came {REPEATED_MAX + 1} times"
        elif self._empty >= EMPTY_MAX:
            words = f"leads on, but {EMPTY_MAX} pages in a row had no record"
        elif self.pages >= PAGES_MAX:
            words = f"still leads on after {PAGES_MAX:,} pages"
        if words:
            words = f"{self._pager.name} {words}"
            raise ContractBroken(words, path=place, subject=self._name)


def _says_no_page(complaint: str) -> bool:
    """Whether an answer complains of the page that was asked for, as for one past the end."""
    return _NO_PAGE.search(complaint) is not None


def _identity(table: ListTable) -> list[expressions.Look]:
    """What tells one record of the list from another, whatever it shows."""
    if table.each is not None or not table.fields:
        return [_parent_id]
    if "ref" not in table.fields or table.format == "csv":
        return []
    keys = ("sku", "location", "ref")
    return [expressions.search(table.fields[key]) for key in keys if key in table.fields]


def _names(table: ListTable) -> list[expressions.Look]:
    """What a record is called, where it has no id of its own."""
    if table.format == "csv":
        return []
    keys = ("sku", "location", "id")
    return [expressions.search(table.fields[key]) for key in keys if key in table.fields]


def _parent_id(parent: object) -> object:
    if not isinstance(parent, dict):
        return None
    return next((parent[name] for name in _PARENT_IDS if parent.get(name)), None)
