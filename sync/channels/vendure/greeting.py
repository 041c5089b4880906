"""What signing in to a Vendure shop shows: who, in which channel, and what he may not do there."""

import msgspec

from sync.channels.vendure.session import Session

_ME = """query SkewMe{
  me{identifier channels{code permissions}} activeChannel{code}
  productVariants(options:{take:1}){totalItems}}"""

_TO_WRITE = frozenset({"SuperAdmin", "UpdateCatalog", "UpdateProduct"})
_TO_READ_EVENTS = frozenset({"SuperAdmin", "ReadOrder"})


class _Channel(msgspec.Struct, frozen=True):
    code: str
    permissions: list[str] = []


class _Me(msgspec.Struct, frozen=True):
    identifier: str
    channels: list[_Channel] = []


class _Active(msgspec.Struct, frozen=True):
    code: str = ""


class _Total(msgspec.Struct, frozen=True, rename="camel"):
    total_items: int


class _Greeting(msgspec.Struct, frozen=True, rename="camel"):
    active_channel: _Active
    product_variants: _Total
    me: _Me | None = None


async def greeting(session: Session) -> str:
    """Ask who is signed in. Raises what `Session.ask` does."""
    answer = await session.ask(_ME, {}, "me")
    found = session.shaped(answer, _Greeting, "me")
    # Vendure's channel with this code is its default one: it has no other name.
    code = found.active_channel.code
    place = "its default channel" if code == "__default_channel__" else f"channel {code}"
    count = found.product_variants.total_items
    words = f"{place}: {count:,} variant{'' if count == 1 else 's'}"
    if found.me is None:
        return words
    has = {right for channel in found.me.channels if channel.code == code
           for right in channel.permissions}  # fmt: skip
    lacking = [
        f"no right to {what}"
        for what, rights in (
            ("write stock (UpdateProduct)", _TO_WRITE),
            ("read orders' movements (ReadOrder)", _TO_READ_EVENTS),
        )
        if not has & rights
    ]
    return "; ".join([f"signed in as {found.me.identifier}; {words}", *lacking])
