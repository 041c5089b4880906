"""`headers`: what goes with each request, plain or secret."""

import re
from collections.abc import Mapping

from sync import secrets
from sync.secrets import SecretSource
from sync.values import quoted

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te",
     "upgrade", "expect"}
)  # fmt: skip
_SECRET_ENDS = ("token", "secret", "password", "apikey")


def is_name(text: str) -> bool:
    """Whether a text can be the name of a header that is ours to set."""
    return _NAME.fullmatch(text) is not None and text.lower() not in _OURS


def check(key: str, headers: Mapping[str, str | SecretSource]) -> None:
    """Raise ValueError, beginning with the key, for a header that can't be sent or must not be."""
    seen: dict[str, str] = {}
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f'{key} {quoted(name)} is not the name of a header; write "X-Name"')
        if name.lower() in _OURS:
            raise ValueError(f"{key} {quoted(name)} is set by Skew itself: remove it")
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise ValueError(f"{key} {quoted(name)} is there twice, also as {quoted(other)}")
        if isinstance(value, str):
            _check_plain(key, name, value)


def _check_plain(key: str, name: str, value: str) -> None:
    if any(character < " " or character == "\x7f" for character in value):
        raise ValueError(f"{key} {quoted(name)} has a line break or control character")
    plain = re.sub(r"[^a-z]", "", name.lower().removeprefix("x-"))
    if secrets.is_secret_name(plain) or plain.endswith(_SECRET_ENDS) or secrets.looks_secret(value):
        raise ValueError(
            f"{key} {quoted(name)} looks like a secret, which must not be in the file: "
            f"{secrets.REMEDY}"
        )
