"""What systems call the fields of a record. Pure.

As read 2026-11 in the answers of WooCommerce, Medusa, Vendure, Shopify, EverShop, django-oscar,
Odoo, Adobe Commerce, Square, BigCommerce and Amazon, and in files of warehouses.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

_SURE: Mapping[str, str] = {
    "sku": "sku merchantsku sellersku variantsku productsku itemsku stockkeepingunit",
    "available": "available availablequantity quantityavailable qtyavailable availableqty "
    "availablestock stockavailable availabletosell freeqty freestock sellable sellablequantity "
    "salable salablequantity salableqty sellablestock fulfillablequantity verfügbar disponible",
    "on_hand": "onhand onhandquantity quantityonhand qtyonhand stockonhand stockedquantity "
    "physicalstock physicalquantity numinstock totalinventoryonhand",
    "committed": "committed committedquantity reserved reservedquantity quantityreserved "
    "qtyreserved allocated numallocated stockallocated allocatedquantity reserviert",
    "incoming": "incoming incomingquantity incomingqty onorder quantityonorder qtyincoming",
    "unavailable": "unavailable damaged quarantined blocked",
    "threshold": "outofstockthreshold safetystock stockthreshold",
    "state": "status state enabled isenabled active isactive published ispublished",
    "price": "price unitprice saleprice sellingprice regularprice listprice preis prix vkpreis "
    "verkaufspreis verkaufspreisbrutto bruttopreis precioventa "
    "prixvente",
    "title": "title name productname producttitle variantname itemname",
    "updated_at": "updatedat datemodifiedgmt modifiedat lastmodified lastupdated lastupdatedat "
    "updateddate datemodified modified updated writedate lastmodifieddate dateupdated changedat "
    "lastupdatedtime lastupdatetime calculatedat observedat geändert geaendert geändertam "
    "geaendertam letzteänderung letzteaenderung änderungsdatum aenderungsdatum aktualisiert "
    "aktualisiertam modifiéle modifié actualizado modificado",
    "ref": "id uuid guid variantid inventoryitemid productid itemid listingid offerid",
    "location": "locationid location locationcode warehouse warehouseid warehousecode "
    "stocklocationid sourcecode storeid branch site lager",
}
_GUESS: Mapping[str, str] = {
    "sku": "itemno itemnumber itemcode item artno artnr artikel artikelnr artikelnummer articleno "
    "articlenumber article articlecode partno partnumber productno productnumber productcode "
    "materialnumber material defaultcode internalreference reference code number partnersku "
    "referencia référence référenceproduit codeproduit key",
    "available": "stockquantity quantity qty stock stockqty stocklevel inventoryquantity inventory "
    "instock onstock bestand lagerbestand menge cantidad quantité quantite count balance level "
    "virtualavailable free value",
    "on_hand": "",
    "state": "visibility availability productstatus",
    "title": "description label bezeichnung displayname",
    "updated_at": "changed date asof timestamp stand lastchange",
    "price": "amount grossprice netprice cost",
    "ref": "url self handle",
    "location": "store loc depot place filiale",
}
SURE: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {name: {word: n for n, word in enumerate(words.split())} for name, words in _SURE.items()}
)
GUESS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {name: {word: n for n, word in enumerate(words.split())} for name, words in _GUESS.items()}
)

_STATES: Mapping[str, str] = {
    "active": "active enabled published publish live true on online public visible 1 yes a",
    "disabled": "disabled inactive draft false off offline paused hidden private pending "
    "unpublished proposed rejected 0 no blocked suspended",
    "archived": "archived deleted trash discontinued removed retired obsolete",
    "backorder": "backorder onbackorder",
    "preorder": "preorder presale",
    "hold": "hold onhold",
}
STATES: Mapping[str, str] = MappingProxyType(
    {word: state for state, words in _STATES.items() for word in words.split()}
)
"""A system's word for a state → ours."""

_NUMBERS: Mapping[str, str] = {
    "uncounted": "unlimited infinite untracked ∞ notracked alwaysavailable",
    "absent": "notstocked notlisted n/a na - -- notcarried",
    "0": "soldout outofstock none ausverkauft agotado nostock",
}
_AT_LEAST = re.compile(
    r"(?:>=?|over|more than|mehr als|über)\s*(\d{1,9})\+?|(\d{1,9})\s*\+", re.IGNORECASE
)
_SEPARATORS = re.compile(r"[\s_]+")


def plain(name: str) -> str:
    """A name without what systems write between its words: stock_qty, stockQty, Stock-Qty."""
    # Some systems write ä as two characters.
    whole = unicodedata.normalize("NFC", name.lower())
    return "".join(character for character in whole if character.isalnum())


def state_of(word: object) -> str | None:
    """Say which of our states a system's word means; None where that is not known."""
    text = str(word).lower() if isinstance(word, str | int | bool) else ""
    return STATES.get(plain(text))


def number_of(word: str) -> str | None:
    """Say what a word means that stands where a number belongs; None where that is not known."""
    text = _SEPARATORS.sub("", word.strip().lower())
    for meaning, words in _NUMBERS.items():
        if text in words.split():
            return meaning
    least = _AT_LEAST.fullmatch(word.strip())
    return f"at least {int(least[1] or least[2])}" if least else None
