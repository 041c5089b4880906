"""Where credentials come from, and how they are kept out of sight.

The configuration says where a secret is (`{ env = … }`, `{ file = … }`, `{ keyring = … }`), never
what it is. Each is looked up once when the configuration is read, so that a missing one is found
before anything is polled, and again when its channel is opened.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from sync.errors import ConfigError

REMEDY = 'say where it is: { env = "NAME" }, { file = "PATH" } or { keyring = "service/name" }'
"""What to do about every secret that is not written as a place."""

_FILE_BYTES_MAX = 64 * 1024


class SecretSource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Where one secret is kept: exactly one of the three."""

    env: str | None = None
    """The name of an environment variable."""
    file: str | None = None
    """A file that holds nothing else, relative to the configuration; its last newline is cut."""
    keyring: str | None = None
    """`service/name` in the user's keyring."""

    def __post_init__(self) -> None:
        given = [value for value in (self.env, self.file, self.keyring) if value is not None]
        if len(given) != 1 or not given[0].strip():
            raise ValueError(REMEDY)
        if self.keyring is not None and not all(self.keyring.partition("/")):
            raise ValueError('a keyring entry is written "service/name"')

    @property
    def name(self) -> str:
        """What an operator would look for: `SHOP_KEY`, `file shop.key`, `keyring skew/shop`."""
        if self.env is not None:
            return self.env
        return f"file {self.file}" if self.file is not None else f"keyring {self.keyring}"


class Secret:
    """A credential that shows itself to `reveal` only: not to repr, str, format, pickle or JSON."""

    __slots__ = ("_scheme", "_value", "name")

    def __init__(self, value: str, *, name: str, scheme: str = "") -> None:
        self._value = value
        self._scheme = scheme
        self.name = name
        """Which credential this is, for messages: never the value."""

    def reveal(self) -> str:
        return self._value

    def wire(self) -> str:
        """Reveal it as it is sent, after its scheme if it has one: `Bearer …`."""
        return f"{self._scheme} {self._value}" if self._scheme else self._value

    def __repr__(self) -> str:
        return "•••"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.wire() == self.wire()

    def __hash__(self) -> int:
        return hash((Secret, self.wire()))

    def __reduce__(self) -> str:
        # Pickle and copy both go through here. Either would write the credential to somewhere that
        # nobody looks after.
        raise TypeError("a secret is not to be stored")


def bearer(token: Secret) -> Secret:
    """Make the value of an `Authorization` header from a token."""
    return Secret(token.reveal(), name=token.name, scheme="Bearer")


def resolve(
    source: SecretSource,
    *,
    key: str,
    base: Path,
    environ: Mapping[str, str] = os.environ,
) -> Secret:
    """Fetch the secret from where it is kept. `base` is the configuration's folder.

    Raises ConfigError naming `key` (dotted, as in the file), the place and the remedy.
    """
    if source.env is not None:
        value = _from_environment(source.env, key, environ)
    elif source.file is not None:
        value = _from_file(base / Path(source.file).expanduser(), key)
    else:
        value = _from_keyring(source.keyring or "", key)
    if not value:
        raise ConfigError(key, f"the secret in {source.name} is empty")
    if any(character < " " or character == "\x7f" for character in value):
        raise ConfigError(key, f"the secret in {source.name} has a line break or control character")
    return Secret(value, name=source.name)


def _from_environment(name: str, key: str, environ: Mapping[str, str]) -> str:
    try:
        return environ[name]
    except KeyError:
        raise ConfigError(
            key, f"the environment variable {name} is not set; export it before starting Skew"
        ) from None


def _from_file(path: Path, key: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(
            key, f"the secret file {path} can't be read ({error.strerror}); put the secret there"
        ) from error
    if len(content) > _FILE_BYTES_MAX:
        raise ConfigError(key, f"the secret file {path} is too long to hold one secret")
    try:
        return content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        # The error's own text would quote the secret's bytes: it is not chained.
        raise ConfigError(key, f"the secret file {path} is not UTF-8 text") from None


def _from_keyring(entry: str, key: str) -> str:
    import keyring
    import keyring.errors

    service, _, name = entry.partition("/")
    try:
        value = keyring.get_password(service, name)
    except keyring.errors.KeyringError as error:
        raise ConfigError(key, f"the keyring can't be read ({type(error).__name__})") from error
    if value is None:
        raise ConfigError(
            key,
            f"the keyring has no {entry}; add it with `keyring set {service} {name}`, "
            "or use { env = … } or { file = … }",
        )
    return value
