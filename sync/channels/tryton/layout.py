"""Where a Tryton database keeps its stock: the company, its warehouses, and which fields exist."""

from dataclasses import dataclass

import msgspec

from sync import values
from sync.channels.tryton.options import TrytonOptions
from sync.channels.tryton.rpc import Context, TrytonClient
from sync.errors import NeedsOperator


class TrytonPreferences(msgspec.Struct, frozen=True):
    company: int | None = None
    company_name: str | None = msgspec.field(default=None, name="company.rec_name")


class TrytonLocationRow(msgspec.Struct, frozen=True):
    id: int
    type: str
    code: str | None = None
    name: str | None = None
    storage_location: int | None = None

    @property
    def shown(self) -> str:
        return f"{self.name or self.code or 'without a name'} ({self.id})"


@dataclass(frozen=True, slots=True)
class TrytonPlace:
    """One place whose stock is read and written."""

    location: str
    """What we call it: the warehouse's id; empty where it is the only one."""
    storage: int
    """The id of the storage location where its goods lie."""


@dataclass(frozen=True, slots=True)
class TrytonLayout:
    """What is the same for all listings."""

    company: int
    company_name: str
    places: tuple[TrytonPlace, ...]
    shown: str
    """The places in words."""
    has_salable: bool
    """The module `sale` is active: a product can be kept from being sold."""

    def place(self, location: str) -> TrytonPlace | None:
        return next((place for place in self.places if place.location == location), None)

    def context(self, place: TrytonPlace, **more: object) -> Context:
        """What a quantity is worked out for."""
        return {"company": self.company, "locations": [place.storage], **more}


_LOCATION_FIELDS = ["code", "name", "type", "storage_location"]


class TrytonPlan:
    """Finds the layout, and keeps it until it is looked at afresh."""

    def __init__(self, client: TrytonClient, options: TrytonOptions) -> None:
        self._client = client
        self._options = options
        self._known: TrytonLayout | None = None

    async def known(self) -> TrytonLayout:
        """The layout as it was last seen."""
        return self._known or await self.afresh()

    async def afresh(self) -> TrytonLayout:
        """Look where the stock is. Raises NeedsOperator where nothing is where it should be."""
        company, name = await self._company()
        context: Context = {"company": company}
        wanted = self._options.location
        types = ["warehouse"] if wanted is None else ["warehouse", "storage"]
        domain = [["type", "in", types]]
        rows = await self._client.ask(
            "stock.location.search_read",
            [domain, 0, None, [["id", "ASC"]], _LOCATION_FIELDS],
            context,
            list[TrytonLocationRow],
        )
        if wanted is not None:
            rows = [self._chosen(rows, wanted)]
        places = tuple(
            TrytonPlace("" if wanted is not None else str(row.id), storage)
            for row in rows
            if (storage := row.id if row.type == "storage" else row.storage_location) is not None
        )
        if not places:
            raise NeedsOperator(f"{self._client.name}: the company {name} has no warehouse")
        fields = await self._client.ask(
            "product.product.fields_get", [["salable"]], context, dict[str, object]
        )
        shown = ", ".join(row.shown for row in rows)
        self._known = TrytonLayout(company, name, places, shown, "salable" in fields)
        return self._known

    async def _company(self) -> tuple[int, str]:
        user = await self._client.ask("res.user.get_preferences", [True], {}, TrytonPreferences)
        if self._options.company is not None:
            return self._options.company, f"with the id {self._options.company}"
        if user.company is None:
            # Without a company every product shows 0.
            raise NeedsOperator(
                f"{self._client.name}: the user has no company: choose one in its preferences in "
                f"Tryton, or add `company = 1`"
            )
        return user.company, user.company_name or str(user.company)

    def _chosen(self, rows: list[TrytonLocationRow], wanted: str) -> TrytonLocationRow:
        for names in (
            lambda row: str(row.id),
            lambda row: row.code,
            lambda row: row.name,
        ):
            found = [row for row in rows if names(row) == wanted]
            if len(found) == 1:
                return found[0]
        known = ", ".join(row.shown for row in rows) or "none"
        raise NeedsOperator(
            f"{self._client.name}: location {values.quoted(wanted)} is not the id, code or name "
            f"of one warehouse or storage location; known: {known}"
        )
