"""What Square answers, as far as it is read (square/connect-api-specification, 2025-08-19).

Square leaves empty lists out. What one record may have wrong is an `object` here, so that it blinds
that record alone.
"""

import msgspec


class SquareError(msgspec.Struct, frozen=True):
    """One of an answer's `errors`."""

    code: str = ""
    detail: str = ""
    field: str | None = None

    def words(self) -> str:
        said = f"{self.detail or 'no reason given'} ({self.code})" if self.code else self.detail
        return f"{said}, at {self.field}" if self.field else said


class SquareFailure(msgspec.Struct, frozen=True):
    """An answer, as far as it says what is wrong."""

    errors: list[SquareError] = []


class SquareLocation(msgspec.Struct, frozen=True):
    """A place of the seller's."""

    id: str
    name: str | None = None
    business_name: str | None = None
    status: str | None = None

    @property
    def is_active(self) -> bool:
        return self.status != "INACTIVE"


class SquareLocations(msgspec.Struct, frozen=True):
    """All of them; every seller has one at least."""

    locations: list[SquareLocation]


class SquareTokenStatus(msgspec.Struct, frozen=True):
    """What a token may do."""

    scopes: list[str] | None = None
    expires_at: str | None = None
    merchant_id: str | None = None


class SquareCatalogPage(msgspec.Struct, frozen=True):
    """Some of the catalogue's objects, and those that they name."""

    objects: list[object] = []
    related_objects: list[object] = []
    cursor: str | None = None


class SquareObject(msgspec.Struct, frozen=True):
    """An item or a variation, and where it is sold."""

    id: str
    type: str
    is_deleted: bool | None = None
    present_at_all_locations: bool | None = None
    present_at_location_ids: list[str] | None = None
    absent_at_location_ids: list[str] | None = None
    item_data: object = None
    item_variation_data: object = None

    def is_at(self, location: str) -> bool:
        """Whether it is sold at a location."""
        named = self.present_at_location_ids or ()
        everywhere = self.present_at_all_locations
        if everywhere is None:
            everywhere = not named
        return location in named or (
            everywhere and location not in (self.absent_at_location_ids or ())
        )


class SquareItem(msgspec.Struct, frozen=True):
    """What a seller calls one article, in all its variations."""

    name: str | None = None
    is_archived: bool | None = None
    variations: list[object] | None = None


class SquareMoney(msgspec.Struct, frozen=True):
    """An amount in the smallest unit of its currency."""

    amount: object = None
    currency: str | None = None


class SquareOverride(msgspec.Struct, frozen=True):
    """What is different at one location."""

    location_id: str | None = None
    price_money: SquareMoney | None = None
    track_inventory: bool | None = None
    sold_out: bool | None = None
    sold_out_valid_until: str | None = None


class SquareVariation(msgspec.Struct, frozen=True):
    """What has a SKU."""

    item_id: str | None = None
    name: str | None = None
    sku: object = None
    price_money: SquareMoney | None = None
    location_overrides: list[SquareOverride] | None = None
    track_inventory: bool | None = None
    sellable: bool | None = None
    stockable: bool | None = None

    def at(self, location: str) -> SquareOverride:
        """What is different at a location; nothing where nothing is."""
        for override in self.location_overrides or ():
            if override.location_id == location:
                return override
        return SquareOverride()


class SquareCountsPage(msgspec.Struct, frozen=True):
    """Some counts, those that moved last first."""

    counts: list[object] = []
    cursor: str | None = None


class SquareCount(msgspec.Struct, frozen=True):
    """How many of a variation are in one state at one location."""

    catalog_object_id: str
    location_id: str
    state: str | None = None
    quantity: object = None
    """A decimal string."""
    calculated_at: str | None = None
