"""Where a shop keeps its stock: a website's stock, and the sources that it sells from."""

from dataclasses import dataclass

from sync import values
from sync.channels.adobe_commerce.options import AdobeCommerceOptions
from sync.channels.adobe_commerce.search import AdobeSearch
from sync.channels.adobe_commerce.shapes import AdobeLink, AdobeSource, AdobeStock
from sync.errors import NeedsOperator


@dataclass(frozen=True, slots=True)
class AdobeLayout:
    """What is the same for all listings."""

    stock: str
    """The stock in words; empty where sources are compared."""
    sources: tuple[str, ...]
    """The codes of those that count, enabled, by code."""
    shown: str
    """The same in words."""
    written: str | None
    """The source whose quantity a write sets; None where it is the listing's, or not known."""


class AdobePlan:
    """Finds the layout, and keeps it until it is looked at afresh."""

    def __init__(self, search: AdobeSearch, options: AdobeCommerceOptions) -> None:
        self._search = search
        self._options = options
        self._known: AdobeLayout | None = None

    async def known(self) -> AdobeLayout:
        """The layout as it was last seen."""
        return self._known or await self.afresh()

    async def afresh(self) -> AdobeLayout:
        """Look where the stock is. Raises NeedsOperator where a source is not there."""
        listed = await self._search.all(("inventory", "sources"), "source_code", AdobeSource)
        enabled = {source.source_code: source for source in listed if source.enabled is not False}
        stock = ""
        if self._options.figure == "salable":
            website = self._options.website
            path = ("inventory", "stock-resolver", "website", website)
            found = await self._search.get(path, AdobeStock)
            if found is None:
                words = f"website {values.quoted(website)} is not the code of one of its websites"
                raise NeedsOperator(f"{self._search.client.name}: {words}")
            stock = f"{found.name or found.stock_id} of the website {website}"
            links = await self._search.all(
                ("inventory", "stock-source-links"), "source_code", AdobeLink,
                ("stock_id", "eq", str(found.stock_id)),
            )  # fmt: skip
            linked = {link.source_code for link in links}
            enabled = {code: source for code, source in enabled.items() if code in linked}
        own = self._options.source
        if own is not None and own not in enabled:
            known = ", ".join(sorted(enabled)) or "none"
            raise NeedsOperator(
                f"{self._search.client.name}: source {values.quoted(own)} is not an enabled "
                f"source{f' of {stock}' if stock else ''}; known: {known}"
            )
        if not enabled:
            words = f"{stock or 'the shop'} has no enabled source"
            raise NeedsOperator(f"{self._search.client.name}: {words}")
        codes = tuple(sorted(enabled))
        if self._options.figure == "sources" and own is not None:
            codes = (own,)
        written = own if own is not None else (codes[0] if len(codes) == 1 else None)
        shown = ", ".join(f"{enabled[code].name or code} ({code})" for code in codes)
        self._known = AdobeLayout(stock, codes, shown, written)
        return self._known
