"""What Odoo's errors mean: which right is missing, and an error in an answer of 200."""

from typing import TYPE_CHECKING

import msgspec

from sync import values
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

if TYPE_CHECKING:
    from sync.channels.api.vendor import VendorClient
    from sync.secrets import Secret
    from sync.transport.call import Reply

NOT_FOUND = 404
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TO_READ = "Inventory: User"
_TO_WRITE = "Inventory: Administrator"
_DENIED = frozenset({"AccessDenied"})
_RIGHT = frozenset({"AccessError"})
_REFUSED = frozenset({"UserError", "ValidationError", "RedirectWarning", "MissingError", "Warning"})
"""odoo.exceptions: the transaction is rolled back, and nothing of the call was applied."""
_PASSING = frozenset(
    {"SerializationFailure", "LockNotAvailable", "OperationalError", "DeadlockDetected",
     "TransactionRollbackError", "PoolError", "TooManyConnections"}
)  # fmt: skip


class RpcData(msgspec.Struct, frozen=True):
    """What stands in `error.data`."""

    name: str = ""
    message: str = ""


class RpcError(msgspec.Struct, frozen=True):
    """`error` of a JSON-RPC answer, which comes with a 200."""

    message: str = ""
    data: RpcData = RpcData()

    @property
    def kind(self) -> str:
        """The exception, without the module that it is of."""
        return self.data.name.rpartition(".")[2]

    def words(self) -> str:
        return self.data.message or self.message or "no reason given"


class _RpcFailed(msgspec.Struct, frozen=True):
    error: RpcError | None = None


def rpc_error(body: bytes) -> RpcError | None:
    """The error in a JSON-RPC answer; None where it has none, or is no such answer."""
    try:
        return msgspec.convert(values.json_value(body), _RpcFailed).error
    except ValueError:
        return None


class RpcJudge:
    """Finds the error in an answer of 200."""

    def __init__(self, client: "VendorClient", secret: "Secret", *, writes: bool) -> None:
        self._client = client
        self._secret = secret
        self._writes = writes

    def __call__(self, reply: "Reply") -> ChannelError | None:
        error = rpc_error(reply.body)
        return None if error is None else self._meaning(error)

    def _meaning(self, error: RpcError) -> ChannelError:
        words = f"{self._client.name} answered: {self._client.text(error.words())}"
        needs = self._needs(error)
        if needs is not None:
            needs.args = (f"{words}{needs}",)
            return needs
        if self._writes:
            is_refused = error.kind in _REFUSED
            return WriteRejected(words) if is_refused else WriteOutcomeUnknown(words)
        is_passing = error.kind in _PASSING
        return Temporary(words) if is_passing else ContractBroken(words, path="error")

    def _needs(self, error: RpcError) -> NeedsOperator | None:
        """What a person must do about it; None where nobody can."""
        if error.kind in _DENIED:
            denied = NeedsOperator(f", credential {self._secret.name}", status=_UNAUTHORIZED)
            denied.is_replaced = self._secret.is_replaced
            return denied
        if error.kind in _RIGHT:
            right = _TO_WRITE if self._writes else _TO_READ
            return NeedsOperator(f"; the user needs the right {right}", status=_FORBIDDEN)
        if "does not exist" in error.words() and "database" in error.words():
            return NeedsOperator(": name another `database`")
        return None


def explained(error: NeedsOperator, *, writes: bool = False) -> NeedsOperator:
    """Name the right that a 403 asks for."""
    if error.status != _FORBIDDEN:
        return error
    right = _TO_WRITE if writes else _TO_READ
    words = f"{error}; the key's user needs the right {right}"
    better = NeedsOperator(words, status=error.status)
    better.is_replaced = error.is_replaced
    return better
