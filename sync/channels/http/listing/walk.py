"""One reading of a list, page after page: is it whole, did it move, does it end."""

from collections.abc import Iterable, Sequence

from sync.channels.http.expressions import search
from sync.channels.http.listing import announcements
from sync.channels.http.listing.announcements import Told
from sync.channels.http.listing.pages import PageBody
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


class ListWalk:
    """What is known of a list while its pages come, one after another."""

    def __init__(self, name: str, fields: dict[str, str], next_path: str | None) -> None:
        self._name = name
        self._next_path = next_path
        self._identity = [search(fields[key]) for key in ("sku", "location", "ref")
                          if key in fields] if "ref" in fields else []  # fmt: skip
        self._seen: set[str] = set()
        self._before: Sequence[object] = ()
        self._total: Told | None = None
        self._empty = self._repeated = 0
        self.pages = self.came = self.twice = 0
        """Pages read, records in them, and those left out because the page before had them too."""
        self._units = 0

    def take(self, page: PageBody) -> Sequence[object]:
        """Note a page; answer its records without those that the one before ended with.

        Raises ContractBroken where the pages go in a circle, or have no end.
        """
        self.pages += 1
        place = f"page {self.pages}"
        overlap = self._overlap(page.items)
        self._repeated = self._repeated + 1 if overlap and overlap == len(page.items) else 0
        self._empty = 0 if page.items else self._empty + 1
        self._seen.add(page.url)
        self._refuse_circles(page, place)
        self._before = page.items or self._before
        self.twice += overlap
        self.came += len(page.items) - overlap
        told = page.announced.records
        # While pages are read, records come and go. The least that was announced is what must have
        # come at any rate; a total that shrank or grew meanwhile is no sign of a cut list.
        if told is not None and (self._total is None or told.number < self._total.number):
            self._total = told
        return page.items[overlap:] if overlap else page.items

    def add_units(self, quantities: Iterable[int | None]) -> None:
        """Take the quantities of a page's records."""
        if self._total is not None and self._total.in_body:
            self._units += sum(filter(None, quantities))

    @property
    def announced(self) -> int | None:
        """How many records the channel says it has, as far as it said so."""
        if self._total is None:
            return None
        # A `total` beside stock may be the total of the units. What came is whole then.
        is_units = self._total.in_body and self._total.number == self._units
        return self.came if is_units else self._total.number

    def cut_short(self, last: PageBody) -> str:
        """Say why the list goes on after its last page by its own words; empty where it ends."""
        signs = []
        told, announced = self._total, self.announced
        if told is not None and announced is not None and announced > self.came:
            signs.append(f"{told.by} announces {told.number:,} records, {self.came:,} came")
        told_pages = last.announced.pages
        if told_pages is not None and told_pages.number > self.pages:
            signs.append(f"{told_pages.by} announces {told_pages.number:,} pages, "
                         f"{self.pages:,} came")  # fmt: skip
        if last.announced.more:
            signs.append(last.announced.more)
        if not signs:
            return ""
        way = "" if self._next_path else "; no `next` is described, so no next page is read"
        return f"cut short: {'; '.join(signs)}{way}"

    def warnings(self, last: PageBody) -> list[str]:
        """What makes the list doubtful, though it may be whole."""
        warnings = []
        if self.twice:
            warnings.append(
                f"the list moved while it was read: {self.twice:,} of its records came twice"
            )
        if self._next_path is None and self._total is None:
            words = announcements.looks_cut(last.url, len(last.items))
            if words:
                warnings.append(f"{words}: there may be a next page, and no `next` is described")
        return warnings

    def _overlap(self, items: Sequence[object]) -> int:
        """How many of the page before's last records this page begins with again."""
        # Where somebody adds a record in front, everything moves back by one, and the last record
        # of a page stands on the next one again. It is not a duplicate of the shop's.
        before = self._before
        if not before or not items:
            return 0
        start = max(0, len(before) - len(items))
        try:
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
        if not isinstance(item, dict):
            return None
        key = tuple(look(item) for look in self._identity)
        return None if key[-1] in (None, "") else key

    def _refuse_circles(self, page: PageBody, place: str) -> None:
        if page.following is None:
            return
        words = ""
        if page.following in self._seen:
            words = "leads back to a page already read"
        elif self._repeated >= REPEATED_MAX:
            words = f"leads on, but the same records came {REPEATED_MAX + 1} times"
        elif self._empty >= EMPTY_MAX:
            words = f"leads on, but {EMPTY_MAX} pages in a row had no record"
        elif self.pages >= PAGES_MAX:
            words = f"still leads on after {PAGES_MAX:,} pages"
        if words:
            words = f"`{self._next_path}` {words}"
            raise ContractBroken(words, path=place, subject=self._name)
