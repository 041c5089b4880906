"""`auth.login`: a token or a cookie of a session, by sending a user's name and password."""

from collections.abc import Mapping, Sequence
from http.cookies import CookieError, Morsel, SimpleCookie

from sync.channels.api.auth import tokens
from sync.channels.api.auth.grant import Asking, RefusedAsking, TokenDesk, TokenPaths
from sync.channels.api.auth.table import LoginTable
from sync.channels.api.auth.tokens import GivenToken
from sync.secrets import Secret
from sync.transport.call import FormFields, Reply


class Login:
    """Signs in with what the configuration gives."""

    def __init__(
        self,
        table: LoginTable,
        body: Mapping[str, object],
        headers: Mapping[str, str | Secret],
        desk: TokenDesk,
    ) -> None:
        self._table = table
        self._place = tokens.place_of(table.header, table.scheme, table.param)
        self._desk = desk
        if table.encoding == "form":
            self._asking = Asking(headers, form=form_fields(body))
        else:
            self._asking = Asking(headers, json=body)

    @property
    def place(self) -> str:
        return self._desk.place

    def doubts(self) -> Sequence[str]:
        return ()

    def secrets(self) -> Sequence[Secret]:
        return self._asking.secrets()

    async def sign_in(self) -> GivenToken:
        cookie = self._table.cookie
        try:
            reply = await self._desk.ask(self._asking, may_redirect=cookie is not None)
        except RefusedAsking as refused:
            raise self._desk.refusal(refused.reply, self.secrets()) from None
        if cookie is not None:
            return self._of_cookie(reply, cookie)
        paths = TokenPaths(self._table.token or "", self._table.expires_in)
        return self._desk.token(reply, paths, self._place, self.secrets())

    def _of_cookie(self, reply: Reply, name: str) -> GivenToken:
        for line in reply.set_cookies:
            found = _cookie(line, name)
            if found is not None and found.value:
                life_s = tokens.seconds(found["max-age"])
                place = tokens.TokenPlace(cookie=name)
                return self._desk.made(found.coded_value, name, place, life_s, self.secrets())
        raise self._desk.no_cookie(reply, f"the answer sets no cookie {name}", self.secrets())

    async def aclose(self) -> None:
        await self._desk.aclose()


def form_fields(body: Mapping[str, object]) -> FormFields:
    """Make the fields of a form from a table of texts, numbers, true or false, and secrets."""
    return [
        (name, value if isinstance(value, Secret) else _written(value))
        for name, value in body.items()
    ]


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cookie(line: str, name: str) -> Morsel[str] | None:
    try:
        return SimpleCookie(line).get(name)
    except CookieError:
        return None
