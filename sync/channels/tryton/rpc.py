"""Tryton's JSON-RPC: an answer of 200 with a result or an error (measured on 8.2.1, 2026-11).

An error is `["UserError", [message, description, domain]]`, `["UserWarning", [name, message, …]]`,
`["ConcurrencyException", message]`, or of anything else `[text, traceback]`. Tryton rolls back what
ends in one of the first three; after another the work may have been done.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from sync import values
from sync.channels.api.vendor import VendorClient
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

if TYPE_CHECKING:
    from sync.transport.call import Judge, Reply

T = TypeVar("T")

Context = dict[str, object]


class TrytonAnswer(msgspec.Struct, frozen=True):
    """A whole answer: exactly one of the two."""

    result: object = msgspec.UNSET
    error: list[object] | None = None


class TrytonClient:
    """Calls the methods of one database's models."""

    def __init__(self, client: VendorClient, base: str) -> None:
        self.name = client.name
        self._client = client
        self._url = f"{base}/rpc/"

    async def ask(
        self, method: str, params: Sequence[object], context: Context, shape: type[T]
    ) -> T:
        """Call a method that changes no stock and may be repeated, and decode its result.

        Raises Temporary, NeedsOperator (also for a missing right), ContractBroken.
        """
        client = self._client.judged_by(self._judge(method, write=False))
        body = _body(method, params, context)
        # Outside the server's own paths there may be a web page, with any status.
        reply = await client.fetch("POST", self._url, json=body, accept={404, 405})
        answer = client.decoded(reply, TrytonAnswer, method)
        return client.shaped(answer.result, shape, method)

    async def change(self, method: str, params: Sequence[object], context: Context) -> object:
        """Call a method that changes something, once; its result as it came.

        Raises WriteRejected, WriteOutcomeUnknown, Temporary, NeedsOperator.
        """
        client = self._client.judged_by(self._judge(method, write=True))
        content = await client.write("POST", self._url, method, json=_body(method, params, context))
        return client.shaped_answer(content, TrytonAnswer, method).result

    def text(self, text: str) -> str:
        return self._client.text(text)

    def struck(self, text: str) -> str:
        return self._client.struck(text)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _judge(self, method: str, *, write: bool) -> "Judge":
        def judge(reply: "Reply") -> ChannelError | None:
            try:
                answer = msgspec.convert(values.json_value(reply.body), TrytonAnswer)
            except ValueError as error:
                # What it is instead is said where it is decoded.
                return None if not write else self._unknown(method, str(error))
            if answer.error is None and answer.result is not msgspec.UNSET:
                return None
            if answer.error is None:
                words = "neither result nor error"
                if write:
                    return self._unknown(method, words)
                return ContractBroken(words, path=method, subject=self.name)
            return self._meaning(method, answer.error, write=write)

        return judge

    def _meaning(self, method: str, error: list[object], *, write: bool) -> ChannelError:
        kind = str(error[0]) if error else ""
        details = error[1] if len(error) > 1 else ""
        parts = [str(part) for part in details] if isinstance(details, list) else [str(details)]
        if kind == "UserError":
            words = " ".join(part for part in parts[:2] if part and part != "None")
            text = f"{self.name} answered: {self.text(words)}"
            # What is only read fails for a user's rights.
            return WriteRejected(text) if write else NeedsOperator(text)
        if kind == "UserWarning":
            asked = self.text(" ".join(part for part in parts[1:3] if part))
            text = f"{self.name} asks a person to confirm, so nothing was done: {asked}"
            return WriteRejected(text) if write else NeedsOperator(text)
        if kind == "ConcurrencyException":
            text = f"{self.name} answered: {self.text(parts[0])}"
            return WriteRejected(text, conflict=True) if write else Temporary(text)
        if kind == "LoginException":
            return NeedsOperator(f"{self.name} asks the user to sign in again for {method}")
        return self._failed(method, kind, write=write)

    def _failed(self, method: str, kind: str, *, write: bool) -> ChannelError:
        model = method.rpartition(".")[0]
        if kind == f"'{model}'":
            words = f"the database has no {model}: activate the module that brings it"
            return NeedsOperator(f"{self.name}: {words}")
        words = self.text(kind) or "an error without words"
        if write:
            return self._unknown(method, words)
        return ContractBroken(words, path=method, subject=self.name)

    def _unknown(self, method: str, words: str) -> WriteOutcomeUnknown:
        return WriteOutcomeUnknown(f"{self.name}: {method}: {self.text(words)}")


def _body(method: str, params: Sequence[object], context: Context) -> dict[str, object]:
    # With any other key beside these three Tryton answers in another way.
    return {"id": 0, "method": f"model.{method}", "params": [*params, context]}
