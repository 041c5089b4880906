"""One request for a token, and the token in its answer."""

import asyncio
import contextlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync import values
from sync.channels.api import bodies, complaints
from sync.channels.api.auth import tokens
from sync.channels.api.auth.table import HEADER
from sync.channels.api.auth.tokens import GivenToken, TokenPlace
from sync.channels.api.complaints import Trouble
from sync.channels.api.expressions import ERROR, search
from sync.clock import Clock
from sync.errors import ChannelError, ContractBroken, NeedsOperator, Temporary
from sync.secrets import Secret
from sync.transport.call import FormFields, Proof, Reply, secrets_in

if TYPE_CHECKING:
    from sync.transport.transport import Transport

BODY_BYTES_MAX = 1024 * 1024
"""Of the answer to a sign-in."""

_REFUSALS = frozenset(range(400, 500)) - {408, 425, 429}
_REDIRECTS_AFTER_A_FORM = frozenset({301, 302, 303})
_LIVES = ("expires_in", "expiresIn")
_REFRESH_LIVES = ("refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in")
"""eBay's, Keycloak's and Intuit's names for the seconds that a refresh token has left."""
_REFRESH_END = "refresh_token_expires_at"
"""Square's name for the instant at which it ends."""


@dataclass(frozen=True, slots=True)
class TokenPaths:
    """Where in the answer things stand, in JMESPath."""

    token: str
    """Or `header:NAME`."""
    expires_in: str | None = None
    """A number of seconds; None: where it usually stands."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What is sent to get a token."""

    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    json: object = None
    form: FormFields | None = None
    proof: Proof | None = None

    def secrets(self) -> Sequence[Secret]:
        shown = list(self.proof.secrets()) if self.proof is not None else []
        form = [value for _, value in self.form or ()]
        return list(secrets_in([*self.headers.values(), self.json, form, shown]))


class RefusedAsking(Exception):
    """The answer to a sign-in whose status says that it is refused."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class TokenDesk:
    """Asks one address for tokens, and reads its answers; every error names the place."""

    def __init__(self, name: str, url: str, transport: "Transport", clock: Clock) -> None:
        self._name = name
        self._url = url
        self._transport = transport.beside(url, body_bytes_max=BODY_BYTES_MAX)
        self._redactor = self._transport.redactor
        self._clock = clock
        self.place = f"sign-in at {self._redactor.url(url)}"

    async def ask(self, asking: Asking, *, may_redirect: bool = False) -> Reply:
        """Ask once, and again where a secret is another by now. Raises RefusedAsking."""
        accept = _REFUSALS | (_REDIRECTS_AFTER_A_FORM if may_redirect else frozenset())
        sent = [secret.reveal() for secret in asking.secrets()]
        reply = await self._send(asking, accept)
        if reply.status in _REFUSALS and await asyncio.to_thread(_renewed, asking, sent):
            reply = await self._send(asking, accept)
        if reply.status in _REFUSALS:
            raise RefusedAsking(reply)
        return reply

    def refusal(self, reply: Reply, secrets: Sequence[Secret]) -> NeedsOperator:
        """The error for a sign-in whose status says that it is refused."""
        words = self._redactor.words(reply.body)
        if complaints.is_web_page(reply.body):
            words = f'a web page: "{self._redactor.text(complaints.first_words(reply.body))}"'
        return self._refused(f"answered {reply.status}: {words}", secrets)

    def token(
        self, reply: Reply, paths: TokenPaths, place: TokenPlace, secrets: Sequence[Secret]
    ) -> GivenToken:
        """Find the token in an answer of success.

        Raises what the answer complains of where it has none, and ContractBroken.
        """
        if paths.token.startswith(HEADER):
            name = paths.token.removeprefix(HEADER).strip()
            content = self.content(reply) if _is_json(reply.body) else None
            found: object = reply.headers.get(name)
            lacking = f"the answer has no header {name}"
        else:
            content = self.content(reply)
            found = _find(paths.token, content)
            lacking = f"`{paths.token}` found {_kind(found, content)}"
        if type(found) is int:
            found = str(found)
        if not isinstance(found, str) or not found:
            raise self._no_token(content, lacking, secrets)
        return self.made(found, paths.token, place, tokens.seconds(_life(paths, content)), secrets)

    def made(
        self, text: str, path: str, place: TokenPlace, life_s: float | None,
        secrets: Sequence[Secret],
    ) -> GivenToken:  # fmt: skip
        """Make a token of the text that was found. Raises ContractBroken for what can't be one."""
        self._redactor.learn_passing([text])
        names = ", ".join(dict.fromkeys(secret.name for secret in secrets)) or "none"
        try:
            return tokens.token(text, names, place, life_s, self._clock.now())
        except ValueError as error:
            words = f"`{path}` found {error}"
            raise ContractBroken(words, path=self.place, subject=self._name) from None

    def content(self, reply: Reply) -> object:
        """The JSON of an answer. Raises ContractBroken."""
        return bodies.json_of(
            reply.body, subject=self._name, place=self.place, redactor=self._redactor
        )

    def no_cookie(self, reply: Reply, lacking: str, secrets: Sequence[Secret]) -> ChannelError:
        """The error for an answer without the cookie that it should set."""
        if complaints.is_web_page(reply.body):
            # A form that is shown again is how a shop refuses a password that came by one.
            text = self._redactor.text(complaints.first_words(reply.body))
            return self._refused(f'{lacking}; it is a web page: "{text}"', secrets)
        content = self.content(reply) if _is_json(reply.body) else None
        return self._no_token(content, lacking, secrets)

    def note_end(self, name: str, content: object) -> None:
        """Note when a refresh token ends, where the answer to it says so."""
        if not isinstance(content, dict):
            return
        ends = self._transport.notices.credential_ends
        for life in _REFRESH_LIVES:
            life_s = tokens.seconds(content.get(life))
            if life_s is not None:
                ends[name] = self._clock.now() + round(life_s * 1000)
        with contextlib.suppress(ValueError):
            end = values.instant(content.get(_REFRESH_END))
            if end is not None:
                ends[name] = end

    def hide(self, text: str) -> None:
        """Keep a text that the answer gave out of all messages."""
        self._redactor.learn_passing([text])

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _send(self, asking: Asking, accept: Container[int]) -> Reply:
        try:
            return await self._transport.request(
                "POST",
                self._url,
                repeatable=True,
                headers=asking.headers,
                json=asking.json,
                form=asking.form,
                proof=asking.proof,
                accept=accept,
            )
        except Temporary as error:
            text = f"{error}; {self.place}"
            raise Temporary(text, retry_after_s=error.retry_after_s) from error

    def _no_token(self, content: object, lacking: str, secrets: Sequence[Secret]) -> ChannelError:
        complaint = complaints.of_write(content) or complaints.of_page(content, None)
        if complaint is None:
            return ContractBroken(f"{lacking}, not a token", path=self.place, subject=self._name)
        words = f"{lacking}; it says: {self._redactor.text(complaint.words)}"
        if complaint.trouble in (Trouble.THROTTLED, Trouble.PASSING):
            text = f"{self._name}: {self.place}: {words}"
            return Temporary(text, retry_after_s=complaint.retry_after_s)
        return self._refused(words, secrets)

    def _refused(self, words: str, secrets: Sequence[Secret]) -> NeedsOperator:
        names = ", ".join(dict.fromkeys(secret.name for secret in secrets))
        credential = f", credential {names}" if names else ""
        error = NeedsOperator(f"{self._name} refused our {self.place}{credential}: {words}")
        error.is_replaced = lambda: any(secret.is_replaced() for secret in secrets)
        return error


def _is_json(body: bytes) -> bool:
    return body.lstrip()[:1] in (b"{", b"[")


def _find(expression: str, content: object) -> object:
    try:
        return search(expression)(content)
    except ERROR:
        return None


def _life(paths: TokenPaths, content: object) -> object:
    if paths.expires_in is not None:
        return _find(paths.expires_in, content)
    # It stands beside the token nearly always, and else at the top.
    frames = [content]
    if not paths.token.startswith(HEADER) and "." in paths.token:
        frames.insert(0, _find(paths.token.rpartition(".")[0], content))
    for frame in frames:
        for name in _LIVES:
            if isinstance(frame, dict) and name in frame:
                return frame[name]
    return None


def _kind(found: object, content: object) -> str:
    """What an expression found, without quoting it: it may hold the token."""
    if found is not None:
        kinds: Mapping[type, str] = {dict: "an object", list: "a list", str: "an empty text"}
        return kinds.get(type(found), "no text")
    if isinstance(content, dict):
        return f"nothing; the answer has {values.key_names(content)}"
    return "nothing; the answer is not an object"


def _renewed(asking: Asking, sent: Sequence[str]) -> bool:
    """Read the secrets again where they are kept; whether one is another. May block."""
    for secret in asking.secrets():
        secret.renew()
    return [secret.reveal() for secret in asking.secrets()] != sent
