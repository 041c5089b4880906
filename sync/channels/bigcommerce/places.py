"""What signing in to a BigCommerce store shows: its name, its locations, the scopes that lack."""

import msgspec

from sync.channels.bigcommerce.desk import CATALOGUE_SCOPE, INVENTORY_SCOPE, BigDesk
from sync.channels.bigcommerce.options import BigCommerceOptions
from sync.channels.bigcommerce.shapes import BigLocation, BigPage, BigStore
from sync.errors import NeedsOperator

_NEEDED = {
    INVENTORY_SCOPE: "/v3/inventory/items?limit=1&page=1",
    CATALOGUE_SCOPE: "/v3/catalog/products?limit=1&page=1",
}
_FORBIDDEN = 403


async def greeting(desk: BigDesk, options: BigCommerceOptions) -> str:
    """Ask for one of everything that is needed. Raises NeedsOperator, with every missing scope."""
    lacking: list[str] = []
    refusal: NeedsOperator | None = None
    for scope, path in _NEEDED.items():
        try:
            await desk.read(path, BigPage, scope, scope)
        except NeedsOperator as error:
            if error.status != _FORBIDDEN:
                raise
            lacking.append(scope)
            refusal = refusal or error
    if refusal is not None:
        if len(lacking) > 1:
            refusal.args = (f"{refusal}; all that it lacks: {', '.join(lacking)}",)
        raise refusal
    return f"{await _store(desk, options)}; {await _locations(desk, options)}"


async def _store(desk: BigDesk, options: BigCommerceOptions) -> str:
    """The store's name, which needs a scope that nothing else does."""
    try:
        store = await desk.read("/v2/store", BigStore, "store", "Information & Settings")
    except NeedsOperator as error:
        if error.status != _FORBIDDEN:
            raise
        return f"store {options.store_hash} (its name needs the scope Information & Settings)"
    return f"{store.name or 'a store without a name'} ({store.domain or options.store_hash})"


async def _locations(desk: BigDesk, options: BigCommerceOptions) -> str:
    """The locations, which need a scope that reading stock does not."""
    try:
        page = await desk.read(
            "/v3/inventory/locations?limit=250&page=1", BigPage, "locations", "Store Locations"
        )
    except NeedsOperator as error:
        if error.status != _FORBIDDEN:
            raise
        return "its locations can't be listed without the scope Store Locations"
    found: dict[str, BigLocation] = {}
    for entry in page.data:
        try:
            location = msgspec.convert(entry, BigLocation)
        except msgspec.ValidationError:
            continue  # It is only named here.
        found[str(location.id)] = location
    shown = ", ".join(_named(location) for location in found.values()) or "none"
    chosen = options.location
    if chosen is not None and chosen not in found:
        raise NeedsOperator(f"{desk.name}: location {chosen} is not a location; known: {shown}")
    if chosen is not None and not found[chosen].enabled:
        words = f"location {_named(found[chosen])}: its stock can't be set; enable it, or choose"
        raise NeedsOperator(f"{desk.name}: {words} another: {shown}")
    return f"locations: {shown}"


def _named(location: BigLocation) -> str:
    off = "" if location.enabled else ", not enabled"
    return f"{location.id} ({location.label or 'without a name'}{off})"
