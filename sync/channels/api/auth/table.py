"""`[channels.NAME.auth]`: which way of signing in."""

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from sync import secrets
from sync.channels.api.auth import headers, tokens
from sync.channels.api.auth.tokens import AUTHORIZATION
from sync.secrets import SecretSource, SecretTable

HEADER = "header:"
"""What a path to a header of the answer begins with."""

_EXAMPLES = {
    "basic": 'basic = { username = "…", password = { env = "NAME" } }',
    "query": 'query = { api_key = { env = "NAME" } }',
    "oauth": 'oauth = { url = "https://…/token", client_id = "…", '
    'client_secret = { env = "NAME" } }',
    "oauth1": 'oauth1 = { key = { env = "KEY" }, secret = { env = "SECRET" } }',
    "login": 'login = { url = "https://…/auth", body = { email = "…", '
    'password = { env = "NAME" } }, token = "token" }',
}


class BasicTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.auth] basic`: either may be absent, and is sent empty then."""

    username: str | SecretSource | None = None
    password: SecretSource | None = None

    def __post_init__(self) -> None:
        if self.username is None and self.password is None:
            raise ValueError(
                'has neither: add `username = "…"`, `password = { env = "NAME" }` or both'
            )
        if isinstance(self.username, str) and ":" in self.username:
            raise ValueError("username must not have a colon: what follows it is the password")


class OAuthTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.auth.oauth]`."""

    url: str
    client_id: str | SecretSource
    client_secret: SecretSource | None = None
    refresh_token: SecretSource | None = None
    scope: str | None = None
    body: SecretTable | None = None
    """More that is sent, such as `audience`."""
    encoding: Literal["form", "json"] = "form"
    client_in: Literal["body", "basic"] | None = None
    """Where the client's id and secret are sent; without it, in the body, and as Basic where that
    is refused."""
    token: str = "access_token"  # noqa: S105  # A path.
    """JMESPath to the token in the answer, or `header:NAME`."""
    header: str | None = None
    scheme: str | None = None
    param: str | None = None
    expires_in: str | None = None

    def __post_init__(self) -> None:
        tokens.place_of(self.header, self.scheme, self.param)
        if self.client_secret is None and self.refresh_token is None and self.body is None:
            raise ValueError('client_secret is missing: add `client_secret = { env = "NAME" }`')


class OAuth1Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.auth] oauth1`."""

    key: str | SecretSource
    secret: SecretSource
    token: str | SecretSource | None = None
    token_secret: SecretSource | None = None
    method: Literal["HMAC-SHA256", "HMAC-SHA1"] = "HMAC-SHA256"
    sent_in: Literal["query", "header"] = "query"

    def __post_init__(self) -> None:
        if (self.token is None) != (self.token_secret is None):
            lacking = "token" if self.token is None else "token_secret"
            raise ValueError(f'{lacking} is missing: `token` and `token_secret` go together; add '
                             f'{lacking} = {{ env = "NAME" }}')  # fmt: skip


class LoginTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.auth.login]`."""

    url: str
    body: SecretTable
    headers: dict[str, str | SecretSource] = {}
    """Sent with the sign-in only, beside those of the channel where it is on the same host."""
    encoding: Literal["json", "form"] = "json"
    token: str | None = None
    """JMESPath to the token in the answer, or `header:NAME`."""
    cookie: str | None = None
    """The name of the cookie that the answer sets."""
    header: str | None = None
    """In which the token is sent, instead of `Authorization`."""
    scheme: str | None = None
    """The word before it; `Bearer` in `Authorization`, none in another header."""
    param: str | None = None
    """The parameter of the query in which it is sent, instead of a header."""
    expires_in: str | None = None
    """JMESPath to the seconds that the token lives; without it, where they usually stand."""

    def __post_init__(self) -> None:
        if (self.token is None) == (self.cookie is None):
            raise ValueError(
                'needs one of token and cookie: `token = "data.accessToken"` for a token in the '
                'answer, or `cookie = "sid"` for a cookie that it sets'
            )
        if self.cookie is not None:
            for key in ("header", "scheme", "param", "expires_in"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} has no effect with cookie: remove one of the two")
        tokens.place_of(self.header, self.scheme, self.param)
        if self.encoding == "form":
            for name, value in self.body.items():
                if isinstance(value, dict | list):
                    what = "is a table or a list, which a form can't hold"
                    raise ValueError(f"body.{name} {what}")  # noqa: TRY004


class AuthTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.auth]`: exactly one of these."""

    basic: BasicTable | None = None
    query: dict[str, str | SecretSource] | None = None
    oauth: OAuthTable | None = None
    oauth1: OAuth1Table | None = None
    login: LoginTable | None = None

    def __post_init__(self) -> None:
        given = [name for name in _EXAMPLES if getattr(self, name) is not None]
        if not given:
            raise ValueError(f"needs one of {', '.join(_EXAMPLES)}: add `{_EXAMPLES['basic']}`")
        if len(given) > 1:
            raise ValueError(f"{given[1]} can't stand beside {given[0]}: keep one of the two")
        if self.query is not None:
            self._check_query(self.query)
        if self.login is not None:
            headers.check("login.headers", self.login.headers)

    def _check_query(self, query: Mapping[str, str | SecretSource]) -> None:
        if not query:
            raise ValueError(f"query is empty: write `{_EXAMPLES['query']}`")
        for name, value in query.items():
            if isinstance(value, str) and (
                secrets.is_secret_name(name) or secrets.looks_secret(value)
            ):
                raise ValueError(
                    f"query.{name} looks like a secret, which must not be in the file: "
                    f"{secrets.REMEDY}"
                )

    @property
    def way(self) -> str:
        """Which of them it is."""
        return next(name for name in _EXAMPLES if getattr(self, name) is not None)

    def urls(self) -> Iterator[tuple[str, str]]:
        """The addresses where tokens are got, by their keys."""
        if self.oauth is not None:
            yield "auth.oauth.url", self.oauth.url
        if self.login is not None:
            yield "auth.login.url", self.login.url

    def expressions(self) -> Mapping[str, str | None]:
        """Every JMESPath of the table, by its key."""
        found: dict[str, str | None] = {}
        for name, table in {"oauth": self.oauth, "login": self.login}.items():
            if table is not None:
                in_body = table.token is not None and not table.token.startswith(HEADER)
                found[f"auth.{name}.token"] = table.token if in_body else None
                found[f"auth.{name}.expires_in"] = table.expires_in
        return found

    def headers_set(self) -> set[str]:
        """The headers that it sets, in lower case."""
        if self.basic is not None or (self.oauth1 is not None and self.oauth1.sent_in == "header"):
            return {"authorization"}
        if self.login is not None and self.login.cookie is not None:
            return {"cookie"}
        table = self.oauth or self.login
        if table is None or table.param is not None:
            return set()
        return {(table.header or AUTHORIZATION).lower()}

    def parameters_set(self) -> set[str]:
        """The parameters of the query that it sets."""
        table = self.oauth or self.login
        param = table.param if table is not None else None
        return {*(self.query or ()), *([param] if param else [])}
