"""Whether an API is one that a ready-made description knows, by the address of its list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sync.channels.api import expressions
from sync.channels.descriptions import places
from sync.config import described
from sync.config.decoding import Findings

_TELLING_MIN = 3
"""So many parts of a path say enough by themselves: /wp-json/wc/v3/products."""

_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class KnownApi:
    """A description that has this address, and the shop's own part of it."""

    name: str
    title: str
    shop: str

    def sentence(self) -> str:
        """Say which it is, and what to do."""
        return (
            f'this has the address of "{self.name}", {self.title}: if it is that, it is described '
            f"already, with what one answer can't show: skew init --from {self.name} --url "
            f'{self.shop}, or in a channel\'s table use = "{self.name}" and url = "{self.shop}"'
        )


def of_refusal(url: str, base: Path) -> KnownApi | None:
    """Find it where there is no answer to look at: by the address alone."""
    return next(
        (api for api, _, length in _with_address(url, base) if length >= _TELLING_MIN), None
    )


def of_answer(url: str, content: object, base: Path) -> KnownApi | None:
    """Find the description whose list has this address, and reads a SKU in this answer."""
    found = (api for api, channel, _ in _with_address(url, base) if _reads(channel, content))
    return next(found, None)


def _with_address(url: str, base: Path) -> Iterator[tuple[KnownApi, Mapping[str, object], int]]:
    parts = urlsplit(url)
    path, host = parts.path.rstrip("/"), parts.netloc.rpartition("@")[2]
    for file in places.known(base).values():
        description = described.read(file, file.name, Findings())
        own = description.channel.get("url") if description is not None else None
        if description is None or not isinstance(own, str) or "://" in own:
            continue
        ending = "/" + own.partition("?")[0].strip("/")
        if description.kind == "http" and path.endswith(ending):
            shop = f"{parts.scheme}://{host}{path.removesuffix(ending)}"
            api = KnownApi(file.name, description.title, shop)
            yield api, description.channel, ending.count("/")


def _reads(channel: Mapping[str, object], content: object) -> bool:
    """Whether a description finds records with a SKU in an answer."""
    fields, each = channel.get("fields"), channel.get("each")
    sku = fields.get("sku") if isinstance(fields, dict) else None
    inside = each.get("items") if isinstance(each, dict) and "url" not in each else None
    try:
        records = expressions.search(str(channel.get("items") or "@"))(content)
        records = records[:_LOOKED_AT] if isinstance(records, list) else []
        for record in (record for record in records if isinstance(record, dict)):
            items = expressions.search(str(inside))(record) if inside is not None else [record]
            for item in items[:_LOOKED_AT] if isinstance(items, list) else ():
                whole = {**record, "parent": record, "item": item}
                if expressions.search(str(sku))(whole) not in (None, "", False):
                    return True
    except (expressions.ERROR, TypeError, ValueError):
        # Made for another shape of answer.
        return False
    return False
