"""The doors of a described API: how it is signed in to, whatever it lists behind that.

A backend of the `http` kind has one: its `keys` stand in the channel's table, it answers at its own
addresses, and lets in who shows what it gave. `DOORS` has one of each shape.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlsplit

from tests.contract.harness import SECRET, SECRET_NAME
from tests.loopback import Answer, ReceivedRequest

KEPT = {"env": SECRET_NAME}


class Door(Protocol):
    """How an API is signed in to."""

    def keys(self, url: str) -> dict[str, Any]:
        """What of the channel's table signs in; `url` is the API's root."""
        ...

    def answer(self, asked: ReceivedRequest) -> Answer | None:
        """Answer at an address of its own; None where it is none of those."""
        ...

    def lets_in(self, asked: ReceivedRequest) -> bool: ...


def stop(door: Door, asked: ReceivedRequest) -> Answer | None:
    """The door's own answer to a sign-in or to who may not come in; None lets a request in."""
    at_door = door.answer(asked)
    if at_door is not None or door.lets_in(asked):
        return at_door
    return Answer({"message": f"bad token in {asked.headers} of {asked.path}"}, 401)


@dataclass
class Key:
    """A key that each request shows as it is."""

    table: dict[str, Any]
    shows: Callable[[ReceivedRequest], bool]

    def keys(self, url: str) -> dict[str, Any]:  # noqa: ARG002
        return self.table

    def answer(self, asked: ReceivedRequest) -> Answer | None:  # noqa: ARG002
        return None

    def lets_in(self, asked: ReceivedRequest) -> bool:
        return self.shows(asked)


def bearer() -> Door:
    return Key({"token": KEPT}, lambda asked: _header(asked) == f"Bearer {SECRET}")


def _header(asked: ReceivedRequest, name: str = "authorization") -> str:
    return asked.headers.get(name, "")


def _query(asked: ReceivedRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(asked.path).query, keep_blank_values=True))


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class SignedKey:
    """OAuth 1.0a as WooCommerce takes it: each nonce once, and no old ones."""

    sent_in: str
    digest: str = "sha256"
    nonces: set[str] = field(default_factory=set)

    def keys(self, url: str) -> dict[str, Any]:  # noqa: ARG002
        table = {"key": "ck_1", "secret": KEPT, "sent_in": self.sent_in}
        if self.digest == "sha1":
            table |= {"method": "HMAC-SHA1", "token": "tk_2", "token_secret": KEPT}
        return {"auth": {"oauth1": table}}

    def answer(self, asked: ReceivedRequest) -> Answer | None:  # noqa: ARG002
        return None

    def lets_in(self, asked: ReceivedRequest) -> bool:
        shown = [pair for pair in self._shown(asked) if pair[0] != "oauth_signature"]
        given = dict(self._shown(asked))
        if given.get("oauth_nonce") in self.nonces or given.get("oauth_consumer_key") != "ck_1":
            return False
        self.nonces.add(given["oauth_nonce"])
        is_new = abs(time.time() - int(given["oauth_timestamp"])) < 900
        place = f"http://{asked.headers['host']}{urlsplit(asked.path).path}"
        shown += _form_pairs(asked)
        pairs = sorted((quote(name, safe="~"), quote(text, safe="~")) for name, text in shown)
        written = "&".join(f"{name}={text}" for name, text in pairs)
        base = "&".join((asked.method, quote(place, safe="~"), quote(written, safe="~")))
        signer = f"{SECRET}&{SECRET if self.digest == 'sha1' else ''}"
        made = hmac.new(signer.encode(), base.encode(), self.digest).digest()
        return is_new and given["oauth_signature"] == base64.b64encode(made).decode()

    def _shown(self, asked: ReceivedRequest) -> list[tuple[str, str]]:
        query = parse_qsl(urlsplit(asked.path).query, keep_blank_values=True)
        if self.sent_in == "query":
            return query
        parts = _header(asked).removeprefix("OAuth ").split(", ")
        pairs = (part.partition("=") for part in parts)
        return [*query, *((n, parse_qsl(f"v={v.strip(chr(34))}")[0][1]) for n, _, v in pairs)]


@dataclass
class Desk:
    """A sign-in that gives tokens, each good until `expire`."""

    table: Callable[[str], dict[str, Any]]
    takes: Callable[[ReceivedRequest], bool]
    """Whether a sign-in is right."""
    gives: Callable[[str], Answer]
    """The answer with a token."""
    shown: Callable[[ReceivedRequest], str | None]
    """The token of a request."""
    refuses: Answer = field(default_factory=lambda: Answer({"message": "wrong password"}, 401))
    more: dict[str, Any] = field(default_factory=dict)
    """Other keys of the channel's table."""
    sign_ins: int = 0
    """Those that were right."""
    tried: int = 0
    good: set[str] = field(default_factory=set)

    def keys(self, url: str) -> dict[str, Any]:
        return {"auth": self.table(f"{url}/door"), **self.more}

    def answer(self, asked: ReceivedRequest) -> Answer | None:
        if urlsplit(asked.path).path != "/door":
            return None
        self.tried += 1
        if not self.takes(asked):
            return self.refuses
        self.sign_ins += 1
        token = f"given-t0ken-{self.sign_ins:03}"
        self.good.add(token)
        return self.gives(token)

    def lets_in(self, asked: ReceivedRequest) -> bool:
        return self.shown(asked) in self.good

    def expire(self) -> None:
        """Take back all tokens."""
        self.good.clear()


def _form(asked: ReceivedRequest) -> dict[str, str]:
    return dict(_form_pairs(asked))


def _form_pairs(asked: ReceivedRequest) -> list[tuple[str, str]]:
    if asked.headers.get("content-type") != "application/x-www-form-urlencoded":
        return []
    return parse_qsl(asked.body.decode(), keep_blank_values=True)


def _json(asked: ReceivedRequest) -> dict[str, Any]:
    if asked.headers.get("content-type") != "application/json":
        return {}
    found = json.loads(asked.body)
    return found if isinstance(found, dict) else {}


def _with_scheme(scheme: str) -> Callable[[ReceivedRequest], str | None]:
    return lambda asked: _header(asked).partition(f"{scheme} ")[2]


def oauth(*, client_in: str) -> Desk:
    """Client credentials; `client_in` is what the server takes, which the table does not say."""
    grant = {"grant_type": "client_credentials", "scope": "stock"}

    def takes(asked: ReceivedRequest) -> bool:
        if client_in == "basic":
            return _form(asked) == grant and _header(asked) == _basic("id-1", SECRET)
        return _form(asked) == {**grant, "client_id": "id-1", "client_secret": SECRET}

    return Desk(
        lambda url: {"oauth": {
            "url": url, "client_id": "id-1", "client_secret": KEPT, "scope": "stock"}},
        takes,
        lambda token: Answer({"access_token": token, "token_type": "bearer", "expires_in": 3600}),
        _with_scheme("Bearer"),
        Answer({"error": "invalid_client", "error_description": "who are you"}, 401),
    )  # fmt: skip


@dataclass
class Rotating(Desk):
    """A refresh token that is good once: each answer has the next."""

    refresh: str = SECRET
    first: str = SECRET
    """Taken at any time: the tests open a channel more than once."""

    @classmethod
    def new(cls) -> "Rotating":
        door = cls(
            lambda url: {"oauth": {"url": url, "client_id": "id-1", "refresh_token": KEPT}},
            lambda _asked: False,
            lambda _token: Answer(),
            _with_scheme("Bearer"),
            Answer({"error": "invalid_grant"}, 400),
        )
        door.takes = door.is_newest
        door.gives = door.rotated
        return door

    def is_newest(self, asked: ReceivedRequest) -> bool:
        """Whether it is the newest refresh token, or the first, of a channel just opened."""
        form = _form(asked)
        token = form.pop("refresh_token", "")
        is_whole = form == {"grant_type": "refresh_token", "client_id": "id-1"}
        return is_whole and token in (self.refresh, self.first)

    def rotated(self, token: str) -> Answer:
        self.refresh = f"refresh-t0ken-{self.sign_ins}"
        return Answer({"access_token": token, "refresh_token": self.refresh})


def login(
    gives: Callable[[str], Answer],
    shown: Callable[[ReceivedRequest], str | None],
    *,
    refuses: Answer | None = None,
    encoding: str = "json",
    **keys: Any,
) -> Desk:
    """Name and password, in JSON or a form."""
    body = {"email": "ada@example.com", "password": KEPT}
    wanted = {**body, "password": SECRET}
    read = _json if encoding == "json" else _form
    table = {"body": body, **keys} if encoding == "json" else {
        "body": body, "encoding": encoding, **keys}  # fmt: skip
    door = Desk(
        lambda url: {"login": {"url": url, **table}},
        lambda asked: read(asked) == wanted,
        gives,
        shown,
    )
    door.refuses = refuses or door.refuses
    return door


def jwt(life_s: float) -> str:
    """A token's middle part that says how long it lives."""
    now = time.time()
    content = json.dumps({"iat": now, "exp": now + life_s}).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _cookie(asked: ReceivedRequest, name: str) -> str | None:
    found = SimpleCookie(_header(asked, "cookie")).get(name)
    return None if found is None else found.value


def _saleor(token: str) -> Answer:
    return Answer({"data": {"tokenCreate": {"token": token, "errors": []}}})


_FORM = b"<!doctype html><html><title>Sign in</title><form></form></html>"

USUAL = ("basic", "query", "oauth1", "oauth", "login", "login, a cookie")
"""One of each way, of those below."""

DOORS: dict[str, Callable[[], Door]] = {
    "bearer": bearer,
    "token with a scheme": lambda: Key(
        {"token": {**KEPT, "scheme": "Token"}}, lambda asked: _header(asked) == f"Token {SECRET}"
    ),
    "header": lambda: Key(
        {"headers": {"X-Auth-Token": KEPT, "Accept": "application/json"}},
        lambda asked: _header(asked, "x-auth-token") == SECRET,
    ),
    "basic": lambda: Key(
        {"auth": {"basic": {"username": "ck_1", "password": KEPT}}},
        lambda asked: _header(asked) == _basic("ck_1", SECRET),
    ),
    "basic, user only": lambda: Key(
        {"auth": {"basic": {"username": KEPT}}}, lambda asked: _header(asked) == _basic(SECRET, "")
    ),
    "query": lambda: Key(
        {"auth": {"query": {"consumer_key": KEPT, "shop": "7"}}},
        lambda asked: _query(asked).items() >= {"consumer_key": SECRET, "shop": "7"}.items(),
    ),
    "oauth1": lambda: SignedKey("query"),
    "oauth1 in a header": lambda: SignedKey("header", "sha1"),
    "oauth": lambda: oauth(client_in="body"),
    "oauth by basic": lambda: oauth(client_in="basic"),
    "refresh token": Rotating.new,
    "login": lambda: login(
        lambda token: Answer({"data": {"accessToken": token, "expiresIn": 900}}),
        _with_scheme("Bearer"),
        token="data.accessToken",
    ),
    "login, a bare token": lambda: login(
        lambda token: Answer(token, 200), _with_scheme("Bearer"), token="@"
    ),
    "login, a JWT": lambda: login(
        lambda token: Answer({"token": f"head.{jwt(3600)}.{token}"}),
        lambda asked: _header(asked).rpartition(".")[2],
        token="token",
    ),
    "login, the token in a header": lambda: login(
        lambda token: Answer({}, headers={"Shop-Auth-Token": token}),
        _with_scheme("Bearer"),
        token="header:shop-auth-token",
        refuses=Answer({"errors": [{"message": "invalid credentials"}]}),
    ),
    "login, another scheme": lambda: login(
        lambda token: Answer({"key": token}), _with_scheme("Token"), token="key", scheme="Token"
    ),
    "login, another header": lambda: login(
        _saleor,
        lambda asked: _header(asked, "x-session"),
        token="data.tokenCreate.token",
        header="X-Session",
        refuses=Answer({"data": {"tokenCreate": {
            "token": None, "errors": [{"message": "Please, enter valid credentials"}]}}}),
    ),
    "login, a parameter": lambda: login(
        lambda token: Answer({"api_token": token, "success": "Success: API session started!"}),
        lambda asked: _query(asked).get("api_token"),
        token="api_token",
        param="api_token",
        encoding="form",
        refuses=Answer({"error": {"key": "Warning: Incorrect API Key!"}}),
    ),
    "login, a cookie": lambda: login(
        lambda token: Answer(b"", 302, {
            "Location": "/desk", "Set-Cookie": f"sid={token}; Path=/; HttpOnly; Max-Age=3600"}),
        lambda asked: _cookie(asked, "sid"),
        cookie="sid",
        encoding="form",
        refuses=Answer(_FORM, headers={"Content-Type": "text/html"}),
    ),
}  # fmt: skip
