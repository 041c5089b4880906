"""What can go wrong with a channel, by what happens next.

ChannelError
├── Temporary            back off and try later; a write was certainly not sent
│   └── Withheld         a write was not sent, because what it rests on moved meanwhile
├── NeedsOperator        a credential or a setting: the channel pauses, an incident says which
├── ContractBroken       an undecodable page: nothing of the poll is recorded

├── WriteRejected        the channel refused: the correction fails with the channel's words
└── WriteOutcomeUnknown  the request may have left: read back, never resend blindly
ConfigError              a setting: exit 2 before anything is polled

Texts are for the operator. They never hold a credential; a channel's own text is quoted, cut short.
A poll that can be read and is not plausible is no error here: `sync.polling.guard` judges it.
"""

from collections.abc import Callable


class ChannelError(Exception):
    """Any trouble with one channel. Never stops another channel."""


class Temporary(ChannelError):
    """It may work later; after `retry_after_s` seconds where the channel said so."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Withheld(Temporary):
    """We did not send a write: what it rests on moved while it waited for its turn."""


class NeedsOperator(ChannelError):
    """Only a person can fix it: a refused credential, a missing right, a wrong address.

    `status` is 401 or 403 where the channel refused the request unread, so that nothing of it was
    applied; 0 otherwise.
    """

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    is_replaced: Callable[[], bool] | None = None
    """Whether the credential that was refused is another by now where it is kept; None: unknown."""


class ContractBroken(ChannelError):
    """A page or file is not what the channel's contract says; `path` is the place in it.

    `subject` is for a message that does not say whose page it is: `market: page 1: …`. `path` is
    empty where the whole file is meant.
    """

    def __init__(self, message: str, *, path: str, subject: str = "") -> None:
        parts = (subject, path, message) if subject or not path else (f"{message}, at {path}",)
        super().__init__(": ".join(part for part in parts if part))
        self.path = path


class WriteRejected(ChannelError):
    """The channel refused the write, in its own words. `conflict`: someone else changed it."""

    def __init__(self, message: str, *, conflict: bool = False) -> None:
        super().__init__(message)
        self.conflict = conflict


class WriteOutcomeUnknown(ChannelError):
    """No trustworthy reply: the write may have been applied. Read back before anything else."""


class ConfigError(Exception):
    """A setting is wrong. `key` is the dotted key, or the file where there is no key."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}")
        self.key = key


class ConfigErrors(Exception):
    """Everything that is wrong with the configuration, found in one go."""

    def __init__(self, source: str, errors: tuple[ConfigError, ...]) -> None:
        super().__init__("\n".join(f"{source}: {error}" for error in errors))
        self.errors = errors
