"""The shape of a description's file: what `[description]` may say."""

import datetime as dt
import re
from typing import Annotated, Literal

import msgspec

from sync.values import quoted

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
_Variable = Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9_]{0,40}$")]
_Key = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", max_length=200)]


class CredentialTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One credential that a channel of this description must name."""

    key: _Key
    """Where it stands in the channel's table, dotted: `auth.basic.username`."""
    env: _Variable
    """How the environment variable that we suggest ends; it begins with the channel's name."""
    what: _Text
    """What it is, and where the shop shows it."""

    def line(self, channel: str) -> str:
        """The line of the channel's table that names it."""
        return f'{self.key} = {{ env = "{self.variable(channel)}" }}'

    def variable(self, channel: str) -> str:
        """The environment variable that we suggest for a channel of that name."""
        return f"{re.sub('[^A-Z0-9]', '_', channel.upper())}_{self.env}"


class SignInTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way to sign in: all of its credentials are needed."""

    credentials: tuple[CredentialTable, ...]
    scheme: Literal["http", "https"] | None = None
    """Only for addresses that begin so."""
    channel: dict[str, object] = {}
    """Keys of the channel that belong to this way alone; they lie over those of `[channel]`."""

    def __post_init__(self) -> None:
        if not self.credentials:
            raise ValueError('credentials is empty: add { key = "…", env = "…", what = "…" }')


class DescriptionTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[description]`."""

    title: _Text | None = None
    proof: Literal["proven", "cited", "own"] = "own"
    """Proven on a real server, cited from the vendor's documents, or the user's own."""
    version: _Text | None = None
    """Of what it was proven on, or of the document."""
    date: dt.date | None = None
    """When that was."""
    sources: tuple[_Text, ...] = ()
    """The vendor's documents."""
    address: _Text | None = None
    """Where all shops of a vendor have one address; the channel's `url` comes before it."""
    sign_in: tuple[SignInTable, ...] = ()
    """The ways to sign in, the one that we suggest first."""
    notes: tuple[_Text, ...] = ()
    """What one must know of it, a sentence each."""

    def __post_init__(self) -> None:
        if self.proof != "own" and (self.version is None or self.date is None):
            raise ValueError(
                f"proof {quoted(self.proof)} needs `version`, of the server or the document, "
                "and `date`, such as 2026-11-30"
            )
        if self.proof == "cited" and not self.sources:
            raise ValueError('proof "cited" needs `sources`, the documents: add sources = ["…"]')
