"""Odoo's products and quants → records: one for each product and place.

Available is what is on hand and not reserved: what Odoo calls free to use. What is ordered and not
reserved yet does not lower it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from store.model import Record, Refused, State
from sync import values
from sync.channels.odoo.places import OdooPlace
from sync.channels.odoo.shapes import OdooProduct, OdooQuant

DIGITS = 6
"""Odoo rounds to its units' precision, 0.01 by default: sums of floats are rounded to more."""
TRACKINGS = frozenset({"none", "lot", "serial"})


@dataclass(frozen=True, slots=True)
class OdooStanding:
    """One product at one place, as a write needs it."""

    product: OdooProduct
    place: OdooPlace
    quants: Sequence[OdooQuant]
    record: Record


@dataclass(slots=True)
class OdooFound:
    """What some products came to."""

    standings: list[OdooStanding] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    nameless: int = 0
    """Products without an internal reference."""
    unlike: dict[str, int] = field(default_factory=dict)
    """Ways of tracking that we do not know → how many products have each."""

    @property
    def records(self) -> list[Record]:
        return [standing.record for standing in self.standings]


def ref_of(product: int, place: OdooPlace) -> str:
    """What a write goes by: the product, and the location under which it is summed."""
    return f"{product}/{place.top}"


def product_of(ref: str) -> int | None:
    """The product that a ref is of; None where it is no ref of ours."""
    number = ref.partition("/")[0]
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else None  # noqa: PLR2004


def products(rows: Sequence[object], place: str, found: OdooFound) -> list[OdooProduct]:
    """Decode products; those without a reference are left out and counted."""
    decoded: list[OdooProduct] = []
    for number, row in enumerate(rows):
        try:
            product = msgspec.convert(row, OdooProduct)
            if product.default_code is False or product.default_code == "":
                found.nameless += 1
                continue
            values.sku(product.default_code)
        except ValueError as error:
            raw = row.get("default_code") if isinstance(row, dict) else None
            found.refused.append(Refused(f"{place}[{number}]", str(error), values.sku_or_none(raw)))
        else:
            decoded.append(product)
    return decoded


def put_together(
    decoded: Sequence[OdooProduct],
    places: Sequence[OdooPlace],
    quants: Mapping[tuple[int, str], Sequence[OdooQuant]],
    kits: Mapping[tuple[int, str], object],
    found: OdooFound,
) -> None:
    """Make the record of each product at each place of its company.

    `quants` and `kits` are by the product's id and the place's name; of a kit, what is free.
    """
    for product in decoded:
        sku = values.sku(product.default_code)
        tracking = str(product.tracking)
        if tracking not in TRACKINGS:
            found.unlike[tracking] = found.unlike.get(tracking, 0) + 1
        for place in places:
            if not _is_of(product, place):
                continue
            at = (product.id, place.name)
            lying = quants.get(at, ())
            try:
                record = _record(sku, product, place, lying, kits.get(at))
            except ValueError as error:
                found.refused.append(Refused(f"product {product.id}", str(error), sku, place.name))
            else:
                found.standings.append(OdooStanding(product, place, lying, record))


def _record(
    sku: str,
    product: OdooProduct,
    place: OdooPlace,
    quants: Sequence[OdooQuant],
    free_of_kit: object,
) -> Record:
    state = _state(product)
    common = Record(
        sku,
        None,
        place.name,
        state=state,
        price_minor=_price(product.lst_price),
        title=values.title(product.name),
        ref=ref_of(product.id, place),
    )
    if not product.is_counted:
        return msgspec.structs.replace(common, state=values.state_of_uncounted(state))
    if product.is_kits:
        return msgspec.structs.replace(common, available=whole(free_of_kit))
    on_hand = _sum([quant.quantity for quant in quants])
    committed = _sum([quant.reserved_quantity for quant in quants])
    times = [values.instant(quant.write_date or None) for quant in quants]
    return msgspec.structs.replace(
        common,
        available=on_hand - committed,
        on_hand=on_hand,
        committed=committed,
        source_at=max(filter(None, times), default=None),
    )


def _price(price: object) -> int | None:
    """A price that is none, such as a negative one of a discount, hides no stock."""
    try:
        return None if price is False else values.price_minor(price)
    except ValueError:
        return None


def _state(product: OdooProduct) -> State:
    if not product.active:
        return State.ARCHIVED
    return State.ACTIVE if product.sale_ok else State.DISABLED


def _sum(numbers: Sequence[object]) -> int:
    """Add up floats of units. Raises ValueError where one is no number, or the sum not whole."""
    if len(numbers) == 1:
        return whole(numbers[0])
    return whole(math.fsum(amount(number) for number in numbers))


def whole(number: object) -> int:
    """Take a number of units, which Odoo gives as a float."""
    return values.quantity(round(amount(number), DIGITS))


def amount(number: object) -> float:
    """Take a quantity as it is: JSON has it as a float, or a whole number."""
    if type(number) is int:
        return values.quantity(number)
    if not isinstance(number, float) or not math.isfinite(number):
        raise ValueError(f"{values.quoted(number)} is not a number")
    return number


def _is_of(product: OdooProduct, place: OdooPlace) -> bool:
    """Whether a product can lie there: it may belong to one company."""
    if place.company is None or isinstance(product.company_id, bool):
        return True
    return product.company_id[0] == place.company
