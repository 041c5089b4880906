"""Where credentials come from, and how they are kept out of sight.

The configuration says where a secret is (`{ env = … }`, `{ file = … }`, `{ keyring = … }`), never
what it is. Each is looked up once when the configuration is read, so that a missing one is found
before anything is polled, and again when its channel is opened. A file is read again when it has
changed, and a keyring after the channel has refused what it gave.
"""

import os
import re
import stat as file_mode
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from sync.errors import ConfigError

REMEDY = 'say where it is: { env = "NAME" }, { file = "PATH" } or { keyring = "service/name" }'
"""What to do about every secret that is not written as a place."""

_FILE_BYTES_MAX = 64 * 1024
_WORD = re.compile(r"[A-Za-z0-9-]+", re.ASCII)


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
    scheme: str | None = None
    """A word that is sent before it, such as `Token` in the header `Authorization`."""

    def __post_init__(self) -> None:
        given = [value for value in (self.env, self.file, self.keyring) if value is not None]
        if len(given) != 1 or not given[0].strip():
            raise ValueError(REMEDY)
        if self.keyring is not None and not all(self.keyring.partition("/")):
            raise ValueError('a keyring entry is written "service/name"')
        if self.scheme is not None and not _WORD.fullmatch(self.scheme):
            raise ValueError('scheme is not a word, such as "Bearer" or "Token"')

    @property
    def name(self) -> str:
        """What an operator would look for: `SHOP_KEY`, `file shop.key`, `keyring skew/shop`."""
        if self.env is not None:
            return self.env
        return f"file {self.file}" if self.file is not None else f"keyring {self.keyring}"


class SecretTable(dict[str, object]):
    """A table that is sent, of plain values and, however deep, of `SecretSource`."""


class _Kept:
    """What a secret is, and how to read it again from where it is kept."""

    __slots__ = ("_read", "_stamp", "_stamp_of", "_unreadable", "_value", "_write")

    def __init__(
        self,
        value: str,
        read: Callable[[], str] | None = None,
        stamp_of: Callable[[], object] | None = None,
        write: Callable[[str], bool] | None = None,
    ) -> None:
        self._value = value
        self._read = read
        self._write = write
        self._stamp_of = stamp_of
        self._stamp = stamp_of() if stamp_of is not None else None
        self._unreadable: object = None

    def is_replaced(self) -> bool:
        """Whether its file is another than the one that was read, or tried, last."""
        stamp = self._stamp_of() if self._stamp_of is not None else None
        return stamp not in (None, self._stamp, self._unreadable)

    def value(self) -> str:
        """The secret; read again where its file is another than it was."""
        stamp = self._stamp_of() if self._stamp_of is not None else self._stamp
        if stamp != self._stamp:
            self._take(stamp)
        return self._value

    def renew(self) -> bool:
        """Read it again, whatever its file looks like; whether it is another now."""
        before = self._value
        self._take(self._stamp_of() if self._stamp_of is not None else None)
        return self._value != before

    def replace(self, value: str) -> bool:
        """Take another value, and put it where this one is kept; whether it is there now."""
        self._value = value
        is_written = self._write is not None and self._write(value)
        self._stamp = self._stamp_of() if self._stamp_of is not None else None
        return is_written

    def _take(self, stamp: object) -> None:
        # Whoever replaces a secret may have its file empty or away for a moment. The old one is
        # used on until the new one can be read; a channel that refuses it says so.
        try:
            if self._read is not None:
                self._value = self._read()
        except ConfigError:
            self._unreadable = stamp
        else:
            self._stamp = stamp


class Secret:
    """A credential that shows itself to `reveal` only: not to repr, str, format, pickle or JSON.

    One that is kept in a file or a keyring follows what is there: each `reveal` looks whether the
    file has changed, and `renew` reads either again.
    """

    __slots__ = ("_kept", "_scheme", "name")

    def __init__(
        self, value: str, *, name: str, scheme: str = "", kept: _Kept | None = None
    ) -> None:
        self._kept = kept if kept is not None else _Kept(value)
        self._scheme = scheme
        self.name = name
        """Which credential this is, for messages: never the value."""

    def reveal(self) -> str:
        return self._kept.value()

    def wire(self) -> str:
        """Reveal it as it is sent, after its scheme if it has one: `Bearer …`."""
        return f"{self._scheme} {self.reveal()}" if self._scheme else self.reveal()

    @property
    def has_scheme(self) -> bool:
        return bool(self._scheme)

    def renew(self) -> bool:
        """Read it again from where it is kept; whether it is another now. May block."""
        return self._kept.renew()

    def replace(self, value: str) -> bool:
        """Take what the channel gave instead of it; whether it is kept where it was. May block.

        Otherwise it is forgotten when this program ends.
        """
        return self._kept.replace(value)

    def is_replaced(self) -> bool:
        """Whether the file that it is kept in is another than the one that was read last."""
        return self._kept.is_replaced()

    def with_scheme(self, scheme: str) -> "Secret":
        """The same secret, sent after a word such as `Bearer`."""
        return Secret("", name=self.name, scheme=scheme, kept=self._kept)

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
    """Make the value of an `Authorization` header from a token that has no scheme of its own."""
    return token if token.has_scheme else token.with_scheme("Bearer")


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

    def read() -> str:
        return _checked(_fetched(source, key, base, environ), source, key)

    value = read()
    if source.env is not None:
        # The environment of a running program does not change.
        return Secret(value, name=source.name, scheme=source.scheme or "")
    stamp_of = partial(stamp, source, base) if source.file is not None else None
    kept = _Kept(value, read, stamp_of, partial(_put, source, base))
    return Secret(value, name=source.name, scheme=source.scheme or "", kept=kept)


def resolved(value: object, *, key: str, base: Path) -> object:
    """Fetch the secrets of a value, however deep in its tables and lists.

    Raises ConfigError as `resolve`.
    """
    if isinstance(value, SecretSource):
        return resolve(value, key=key, base=base)
    if isinstance(value, dict):
        return {n: resolved(part, key=f"{key}.{n}", base=base) for n, part in value.items()}
    if isinstance(value, list):
        return [resolved(part, key=f"{key}[{n}]", base=base) for n, part in enumerate(value)]
    return value


def stamp(source: SecretSource, base: Path) -> object:
    """What changes when a secret's file is written or replaced; None where there is none to see."""
    if source.file is None:
        return None
    try:
        found = (base / Path(source.file).expanduser()).stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def refuse_in_url(key: str, url: str) -> None:
    """Raise ValueError, beginning with the key, for what looks like a secret in a URL."""
    names = [
        name
        for name, value in parse_qsl(urlsplit(url).query)
        if is_secret_name(name) and not value.startswith("{")
    ]
    looks = _SECRET_LOOK.search(unquote(url))
    if names or looks:
        what = f"`{names[0]}`" if names else f"what begins with `{looks[1] if looks else ''}`"
        raise ValueError(
            f"{key} {what} looks like a secret, which must not be in the file: take it out of the "
            f"URL, and {REMEDY}"
        )


def is_secret_name(name: str) -> bool:
    """Whether what stands under a name is a secret by that name."""
    return re.sub(r"[^a-z]", "", name.lower()) in _SECRET_NAMES


def looks_secret(text: str) -> bool:
    """Whether a text begins as the tokens of well-known services do."""
    return _SECRET_LOOK.search(text) is not None


_SECRET_NAMES = frozenset(
    {
        "key", "apikey", "appkey", "accesskey", "authkey", "privatekey", "sharedkey", "secretkey",
        "subscriptionkey", "consumerkey", "token", "apitoken", "accesstoken", "authtoken", "jwt",
        "secret", "apisecret", "appsecret", "clientsecret", "consumersecret", "sharedsecret",
        "password", "passwd", "pwd", "pass", "auth", "authorization", "cookie", "sig", "signature",
    }
)  # fmt: skip
_SECRET_LOOK = re.compile(
    r"\b(sk_live_|sk_test_|rk_live_|shp(?:at|ca|pa|ss)_|ghp_|glpat-|xox[abp]-|AKIA|eyJhbGci)"
    r"[A-Za-z0-9_.-]{8,}"
)
"""How well-known services begin their tokens, wherever in a URL they stand."""


def _fetched(source: SecretSource, key: str, base: Path, environ: Mapping[str, str]) -> str:
    if source.env is not None:
        return _from_environment(source.env, key, environ)
    if source.file is not None:
        return _from_file(base / Path(source.file).expanduser(), key)
    return _from_keyring(source.keyring or "", key)


def _checked(value: str, source: SecretSource, key: str) -> str:
    if not value:
        raise ConfigError(key, f"the secret in {source.name} is empty")
    if any(character < " " or character == "\x7f" for character in value):
        raise ConfigError(key, f"the secret in {source.name} has a line break or control character")
    return value


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


def _put(source: SecretSource, base: Path, value: str) -> bool:
    """Write a secret where it is kept: a file whole or not at all, with its rights."""
    if source.file is None:
        import keyring
        import keyring.errors

        service, _, name = (source.keyring or "").partition("/")
        try:
            keyring.set_password(service, name, value)
        except keyring.errors.KeyringError:
            return False
        return True
    import tempfile

    path = (base / Path(source.file).expanduser()).resolve()
    try:
        mode = file_mode.S_IMODE(path.stat().st_mode)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            file.write(f"{value}\n")
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(mode)
        Path(file.name).replace(path)
    except OSError:
        return False
    return True


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
