"""Asking an Odoo: one method of one model a call, by JSON-2 (from 19) or JSON-RPC (until 21).

A call is one transaction. JSON-2 answers with real statuses and `{name, message, …}`; JSON-RPC
always with 200, and `{"error": …}` or `"result": false` in it (measured on 19.0, 2026-11). What a
wrong database is answered with is a 404 of HTML, and so is JSON-2 of an Odoo older than 19.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from sync.channels.api.bodies import WebPageInstead
from sync.channels.api.vendor import VendorClient
from sync.channels.odoo.complaints import NOT_FOUND, RpcJudge, explained
from sync.channels.odoo.options import OdooOptions
from sync.channels.odoo.shapes import FIELDS
from sync.errors import ChannelError, ContractBroken, NeedsOperator
from sync.secrets import Secret

if TYPE_CHECKING:
    from sync.transport.call import Reply

T = TypeVar("T")

FIRST_JSON_2 = 19
_DIGITS_MAX = 9
_BY_POSITION = {"write": "vals", "create": "vals_list", "search_count": "domain"}
"""What JSON-RPC takes by its position: `create` reads its first argument there, and the name of
the others is another in older versions."""


@dataclass(frozen=True, slots=True)
class OdooCall:
    """One method of one model."""

    model: str
    method: str
    named: Mapping[str, object]
    """Its arguments, by name."""
    ids: Sequence[int] | None = None
    """The records that it is called on; None: it is a method of the model."""

    @property
    def place(self) -> str:
        return f"{self.model}/{self.method}"


class OdooWay(Protocol):
    """One of the two APIs."""

    async def read(self, call: OdooCall, context: Mapping[str, object]) -> object: ...

    async def write(self, call: OdooCall, context: Mapping[str, object]) -> object: ...

    async def user(self) -> int | None:
        """The id of the user whom the credentials are of; None: the server does not say it."""
        ...


class Json2:
    """`POST /json/2/<model>/<method>`, of Odoo 19 and later."""

    def __init__(self, client: VendorClient, options: OdooOptions) -> None:
        self._client = client
        self._options = options

    async def read(self, call: OdooCall, context: Mapping[str, object]) -> object:
        url = self._url(call)
        body = _body(call, context)
        try:
            reply = await self._client.fetch("POST", url, json=body, accept=(NOT_FOUND,))
        except NeedsOperator as error:
            raise explained(error) from error
        if reply.status == NOT_FOUND:
            raise await self._not_found(reply, call)
        return self._client.decoded(reply, object, call.place)

    async def write(self, call: OdooCall, context: Mapping[str, object]) -> object:
        try:
            return await self._client.write(
                "POST", self._url(call), call.place, json=_body(call, context)
            )
        except NeedsOperator as error:
            raise explained(error, writes=True) from error

    async def user(self) -> int | None:
        found = await self.read(OdooCall("res.users", "context_get", {}), {})
        return self._client.shaped(found, _Context, "res.users/context_get").uid

    def _url(self, call: OdooCall) -> str:
        return f"{self._options.base}/json/2/{call.model}/{call.method}"

    async def _not_found(self, reply: "Reply", call: OdooCall) -> ChannelError:
        """Say what a 404 means: no such model, no such database, or no JSON-2 at all."""
        name = self._client.name
        if not reply.body.lstrip().startswith(b"<"):
            words = self._client.text(reply.body[:500].decode("utf-8", "replace"))
            if "model" in words and call.model in words:
                return NeedsOperator(
                    f"{name} has no {call.model}: install the app Inventory there, or name another "
                    "`database`"
                )
            return ContractBroken(f"answered 404: {words}", path=call.place, subject=name)
        version = await server_version(self._client, self._options)
        if version is not None and version[0] < FIRST_JSON_2:
            return NeedsOperator(
                f"{name} is Odoo {version[1]}, which has no JSON-2 API: write api = "
                '"json-rpc", database = "…" and username = "…"'
            )
        if self._options.database is not None:
            what = f'"{self._options.database}" is not a database there'
        elif version is not None:
            what = "it does not know which database is meant"
        else:
            what = "it is not an Odoo, or does not know which database is meant"
        return NeedsOperator(
            f"{name} answered 404 with a web page: {what}; name it as database, and check url"
        )


class JsonRpc:
    """`POST /jsonrpc`, the way of older versions: deprecated, and gone in Odoo 22."""

    def __init__(self, client: VendorClient, options: OdooOptions, secret: Secret) -> None:
        self._options = options
        self._secret = secret
        self._reader = client.judged_by(RpcJudge(client, secret, writes=False))
        self._writer = client.judged_by(RpcJudge(client, secret, writes=True))
        self._url = f"{options.base}/jsonrpc"
        self._user: int | None = None
        self._signing_in = asyncio.Lock()

    async def read(self, call: OdooCall, context: Mapping[str, object]) -> object:
        body = _rpc("object", "execute_kw", await self._arguments(call, context))
        return await self._ask(body, call.place)

    async def write(self, call: OdooCall, context: Mapping[str, object]) -> object:
        body = _rpc("object", "execute_kw", await self._arguments(call, context))
        content = await self._writer.write("POST", self._url, call.place, json=body)
        return self._writer.shaped_answer(content, _RpcAnswer, call.place).result

    async def user(self) -> int:
        """Sign in once: the server answers a wrong login or key with `false`."""
        async with self._signing_in:
            if self._user is None:
                self._user = await self._sign_in()
            return self._user

    async def _sign_in(self, *, again: bool = True) -> int:
        options = self._options
        login: list[object] = [options.database, options.username, self._secret, {}]
        found = await self._ask(_rpc("common", "authenticate", login), "authenticate")
        if isinstance(found, int) and not isinstance(found, bool):
            return found
        if again and await asyncio.to_thread(self._secret.renew):
            return await self._sign_in(again=False)
        error = NeedsOperator(
            f"{self._reader.name} refused our sign-in as {options.username}, credential "
            f"{self._secret.name}: is the key of this user, of this database, and has it not ended?"
        )
        error.is_replaced = self._secret.is_replaced
        raise error

    async def _arguments(self, call: OdooCall, context: Mapping[str, object]) -> list[object]:
        by_position = _BY_POSITION.get(call.method)
        given: list[object] = [] if call.ids is None else [list(call.ids)]
        given += [call.named[by_position]] if by_position else []
        named = {name: value for name, value in call.named.items() if name != by_position}
        user = await self.user()
        key = (self._options.database, user, self._secret)
        return [*key, call.model, call.method, given, {**named, "context": dict(context)}]

    async def _ask(self, body: object, place: str) -> object:
        name = self._reader.name
        reply = await self._reader.fetch("POST", self._url, json=body, accept=(NOT_FOUND,))
        if reply.status == NOT_FOUND:
            raise NeedsOperator(
                f"{name} has no JSON-RPC at {self._url}: it is not an Odoo, or one of 22 or later, "
                "which has JSON-2 only: then leave `api` and `username` out"
            )
        answer = self._reader.decoded(reply, dict[str, object], place)
        if "result" not in answer:
            raise ContractBroken("neither result nor error", path=place, subject=name)
        return answer["result"]


class _Context(msgspec.Struct, frozen=True):
    uid: int | None = None


class _RpcAnswer(msgspec.Struct, frozen=True):
    result: object


class _RpcVersion(msgspec.Struct, frozen=True):
    server_version: str


class OdooDesk:
    """Asks one Odoo for lists of records, typed."""

    def __init__(self, client: VendorClient, options: OdooOptions, way: OdooWay) -> None:
        self.client = client
        self.options = options
        self.way = way
        self._fields: dict[str, frozenset[str]] = {}

    def context(self, **more: object) -> dict[str, object]:
        """What each call is made with."""
        allowed = self.options.companies
        return {**({"allowed_company_ids": list(allowed)} if allowed else {}), **more}

    async def rows(
        self,
        model: str,
        domain: Sequence[object],
        fields: Sequence[str],
        *,
        limit: int,
        order: str = "id",
        place: str = "",
        **context: object,
    ) -> list[object]:
        """Search and read, up to `limit` records."""
        named = {"domain": list(domain), "fields": list(fields), "limit": limit, "order": order}
        call = OdooCall(model, "search_read", named)
        found = await self.way.read(call, self.context(**context))
        if not isinstance(found, list):
            raise ContractBroken(
                "not a list of records", path=place or call.place, subject=self.client.name
            )
        return found

    async def fields_of(self, model: str) -> frozenset[str]:
        """Which of the fields of `FIELDS` the model has, in this version, for this user."""
        # One that is not there, or needs a right, would make the whole call a 500 or a 403.
        if model not in self._fields:
            named = {"allfields": list(FIELDS[model]), "attributes": ["type"]}
            found = await self.way.read(OdooCall(model, "fields_get", named), self.context())
            place = f"{model}/fields_get"
            self._fields[model] = frozenset(self.client.shaped(found, dict[str, object], place))
        return self._fields[model]

    def forget_fields(self) -> None:
        """Look anew: the server may be another version by now, and its user have other rights."""
        self._fields.clear()

    def shaped(self, rows: Sequence[object], shape: type[T], place: str) -> list[T]:
        """Give records their type. Raises ContractBroken naming the first that has another."""
        return [
            self.client.shaped(row, shape, f"{place}[{number}]") for number, row in enumerate(rows)
        ]


async def server_version(client: VendorClient, options: OdooOptions) -> tuple[int, str] | None:
    """Which version the server says that it is, without signing in; None: it does not say."""
    body = _rpc("common", "version", [])
    try:
        reply = await client.fetch("POST", f"{options.base}/jsonrpc", json=body, accept=range(600))
        answer = client.decoded(reply, dict[str, object], "version")
        version = client.shaped(answer.get("result"), _RpcVersion, "version").server_version
    except (ChannelError, WebPageInstead):
        return None
    # `17.0`, `saas~18.2`, `19.0+e-20260101`.
    number = version.rpartition("~")[2].partition(".")[0]
    is_number = number.isdecimal() and len(number) <= _DIGITS_MAX
    return (int(number), client.text(version)) if is_number else None


def _body(call: OdooCall, context: Mapping[str, object]) -> dict[str, object]:
    ids = {} if call.ids is None else {"ids": list(call.ids)}
    return {**ids, **call.named, "context": dict(context)}


def _rpc(service: str, method: str, arguments: Sequence[object]) -> dict[str, object]:
    params = {"service": service, "method": method, "args": list(arguments)}
    return {"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}
