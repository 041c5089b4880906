"""One request as it is asked for, and as it goes over the wire."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar, overload
from urllib.parse import parse_qsl, urlencode

import msgspec

from sync.errors import ChannelError
from sync.secrets import Secret
from sync.transport.decompression import ACCEPTED

if TYPE_CHECKING:
    from sync.transport.budgets.base import Budget

T = TypeVar("T")

FORM_TYPE = "application/x-www-form-urlencoded"

FormFields = Sequence[tuple[str, str | Secret]]
"""The fields of a form in their order; a name may come more than once."""


class AnswerHeaders(Mapping[str, str]):
    """An answer's headers. Names know no case; the values of one name are joined with commas.

    They are looked up by the dozen in each answer, which httpx's own take a millisecond for.
    """

    __slots__ = ("_values",)

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """Take them as they came over the wire, in whichever encoding all of them are in."""
        items = list(raw)
        encoding = _encoding_of(b"".join(name + value for name, value in items))
        self._values: dict[str, str] = {}
        for name_bytes, value_bytes in items:
            name, value = name_bytes.decode(encoding).lower(), value_bytes.decode(encoding)
            known = self._values.get(name)
            self._values[name] = value if known is None else f"{known}, {value}"

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "AnswerHeaders":
        """Those that are known already, by names in lower case."""
        made = cls(())
        made._values = dict(values)
        return made

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, default: str | T, /) -> str | T: ...

    def get(self, name: str, default: object = None, /) -> object:
        return self._values.get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _encoding_of(text: bytes) -> str:
    if text.isascii():
        return "ascii"
    try:
        text.decode()
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. `headers` ignore case; `url` is where it came from after redirects."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str
    set_cookies: Sequence[str] = field(default=(), repr=False)
    """Its `Set-Cookie` headers, as they came."""


Judge = Callable[[Reply], ChannelError | None]
"""Reads an answer of success: the error that it is by its body, or None. It may raise one too."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Where a request goes and with what, its proof put on."""

    url: str = field(repr=False)
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    passing: Sequence[str] = field(default=(), repr=False)
    """What must not be seen of it although it is no secret that is kept: a signature."""


class Proof(Protocol):
    """Shows a channel who asks."""

    def secrets(self) -> Sequence[Secret]:
        """What it rests on: named in errors, hidden in texts, read again once it is refused."""
        ...

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:
        """Put it on one try of a request; each try, and each redirect, is signed anew."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose secrets are revealed on the wire only."""

    method: str
    url: str
    headers: Mapping[str, str | Secret]
    json: object = field(repr=False)
    form: FormFields | None = field(repr=False)
    text: tuple[str, str] | None = field(repr=False)
    """A body of text, with its media type."""
    proof: Proof | None
    repeatable: bool
    accept: Container[int]
    judge: Judge
    budget: "Budget"
    kept: bool = False
    """Its answer may be one that is kept, where the channel says that it still holds."""

    @property
    def credential(self) -> str:
        """Which credentials it carries outside its body, to follow what happened."""
        carried = list(secrets_in(self.headers)) + self._of_proof()
        names = dict.fromkeys(secret.name for secret in carried)
        return f", credential {', '.join(names)}" if names else ""

    def signed(self, url: str) -> Signed:
        """Put its proof on it, for the address that this try goes to."""
        if self.proof is None:
            return Signed(url)
        form = self.form
        if self.text is not None and self.text[1] == FORM_TYPE:
            form = parse_qsl(self.text[0], keep_blank_values=True)
        return self.proof.sign(self.method, url, form)

    def wire_headers(self, signed: Signed) -> dict[bytes, bytes]:
        headers: dict[str, str | Secret] = {"Accept-Encoding": ACCEPTED.decode()}
        if self.json is not None:
            headers["Content-Type"] = "application/json"
        elif self.form is not None:
            headers["Content-Type"] = FORM_TYPE
        elif self.text is not None:
            headers["Content-Type"] = self.text[1]
        # A name is one whatever its capitals: what the description says counts instead of ours.
        of_name = {name.lower(): name for name in headers}
        for name, value in {**self.headers, **signed.headers}.items():
            headers[of_name.get(name.lower(), name)] = value
        return {name.encode(): _plain(value).encode() for name, value in headers.items()}

    def wire_content(self) -> bytes | None:
        if self.text is not None:
            return self.text[0].encode()
        if self.form is not None:
            return urlencode([(name, _plain(value)) for name, value in self.form]).encode()
        return None if self.json is None else msgspec.json.encode(self.json, enc_hook=_reveal)

    def secrets(self) -> list[Secret]:
        """Every secret in it, however deep."""
        form = [value for _, value in self.form or ()]
        return [*secrets_in([*self.headers.values(), self.json, form]), *self._of_proof()]

    def revealed(self) -> list[str]:
        """The secrets as they would be sent now."""
        return [secret.reveal() for secret in self.secrets()]

    def renew(self, sent: list[str]) -> bool:
        """Read its secrets again; whether one is another than was `sent`. May block."""
        for secret in self.secrets():
            secret.renew()
        return self.revealed() != sent

    def is_replaced(self) -> bool:
        """Whether one of its secrets is kept in a file that is another than what was read of it."""
        return any(secret.is_replaced() for secret in self.secrets())

    def _of_proof(self) -> list[Secret]:
        return list(self.proof.secrets()) if self.proof is not None else []


def secrets_in(value: object) -> Iterator[Secret]:
    """Find the secrets in headers or JSON."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from secrets_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from secrets_in(part)


def _plain(value: str | Secret) -> str:
    return value.wire() if isinstance(value, Secret) else value


def _reveal(value: object) -> object:
    if isinstance(value, Secret):
        return value.wire()
    raise TypeError(f"{type(value).__name__} is not JSON")
