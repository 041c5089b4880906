"""Servers that files come from, by SFTP, FTPS, S3 or https: `fsspec` speaks to them.

Each needs an extra of ours. A credential goes to the server that `path` names and nowhere else: who
it is, is proven first, by its key or its certificate.
"""

import ftplib
import importlib
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from sync import extras
from sync.channels.csv.options import CsvOptions
from sync.errors import ConfigError, NeedsOperator
from sync.secrets import Secret, SecretSource, resolve

if TYPE_CHECKING:
    from sync.transport.redaction import Redactor


class Server(msgspec.Struct, frozen=True):
    """One server, and how to sign in there."""

    url: str
    options: CsvOptions
    secrets: Mapping[str, Secret]
    base: Path
    redactor: "Redactor"
    timeout_s: float

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme.lower()

    @property
    def path(self) -> str:
        """What the file is called there."""
        if self.scheme in ("https", "http"):
            return self.url
        parts = urlsplit(self.url)
        path = unquote(parts.path)
        return f"{parts.netloc}{path}" if self.scheme in ("s3", "memory") else path

    def connect(self) -> Any:  # noqa: ANN401 - a file system of fsspec, which has no types.
        """Sign in. May block, as all that is done with the answer. Raises NeedsOperator too."""
        return _MAKERS[self.scheme](self)

    def reveal(self, name: str) -> str | None:
        secret = self.secrets.get(name)
        if secret is None:
            return None
        self.redactor.learn([secret.reveal()])
        return secret.reveal()

    @property
    def credential(self) -> str:
        """Which credentials it is signed in with, for messages."""
        names = ", ".join(secret.name for secret in self.secrets.values())
        return f" (credential: {names})" if names else ""


def server_of(
    name: str, options: CsvOptions, base: Path, redactor: "Redactor", timeout_s: float
) -> Server:
    """Find the server of a channel and fetch its secrets.

    Raises ConfigError, also where the extra for such servers is missing.
    """
    key = f"channels.{name}"
    scheme = urlsplit(options.path).scheme.lower()
    extra = "https" if scheme == "http" else scheme
    if extra in extras.EXTRAS and (lacking := extras.lack(extra)):
        raise ConfigError(f"{key}.path", f"{scheme}:// {lacking}")
    found = {
        field: resolve(source, key=f"{key}.{field}", base=base)
        for field in ("password", "token")
        if isinstance(source := getattr(options, field), SecretSource)
    }
    return Server(options.path, options, found, base, redactor, timeout_s)


def refusals(scheme: str) -> tuple[type[Exception], ...]:
    """What a server's library raises beside OSError."""
    names = {
        "sftp": (("asyncssh", "Error"),),
        "ftps": (("ftplib", "Error"),),
        "s3": (
            ("botocore.exceptions", "BotoCoreError"),
            ("botocore.exceptions", "ClientError"),
        ),
        "https": (("aiohttp", "ClientError"),),
        "http": (("aiohttp", "ClientError"),),
    }
    try:
        return tuple(
            getattr(importlib.import_module(module), error)
            for module, error in names.get(scheme, ())
        )
    except ImportError:
        return ()


def _sftp(server: Server) -> Any:  # noqa: ANN401
    asyncssh, sshfs = importlib.import_module("asyncssh"), importlib.import_module("sshfs")
    parts, options = urlsplit(server.url), server.options
    password, key = server.reveal("password"), options.private_key
    keys: dict[str, Any] = {}
    if key is not None:
        try:
            path = server.base / Path(key).expanduser()
            keys = {"client_keys": [asyncssh.read_private_key(path, password)]}
        except (OSError, asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise NeedsOperator(
                f"{parts.hostname}: private_key can't be used: {error}{server.credential}"
            ) from error
    elif password is not None:
        keys = {"client_keys": None, "password": password}
    if keys:
        keys["agent_path"] = None
    if options.username is not None:
        keys["username"] = options.username
    known = options.known_hosts
    return sshfs.SSHFileSystem(
        parts.hostname,
        port=parts.port or 22,
        # The empty tuple is ~/.ssh/known_hosts; sshfs by itself would trust any server.
        known_hosts=() if known is None else str(server.base / Path(known).expanduser()),
        config=None,
        timeout=server.timeout_s,
        skip_instance_cache=True,
        **keys,
    )


def _ftps(server: Server) -> Any:  # noqa: ANN401
    ftp = importlib.import_module("fsspec.implementations.ftp")
    parts = urlsplit(server.url)

    class Verified(ftp.FTPFileSystem):  # type: ignore[misc, name-defined]
        """FTP over TLS that looks whose certificate it is, which ftplib by itself does not."""

        def _connect(self) -> None:
            context = ssl.create_default_context()
            self.ftp = ftplib.FTP_TLS(timeout=self.timeout, encoding="utf-8", context=context)  # noqa: S321
            self.ftp.connect(self.host, self.port)
            self.ftp.login(*self.cred)

    return Verified(
        parts.hostname,
        port=parts.port or 21,
        username=server.options.username,
        password=server.reveal("password"),
        tls=True,
        timeout=server.timeout_s,
        skip_instance_cache=True,
        use_listings_cache=False,
    )


def _s3(server: Server) -> Any:  # noqa: ANN401
    s3fs = importlib.import_module("s3fs")
    return s3fs.S3FileSystem(
        key=server.options.username,
        secret=server.reveal("password"),
        endpoint_url=server.options.endpoint,
        config_kwargs={"connect_timeout": server.timeout_s, "read_timeout": server.timeout_s},
        skip_instance_cache=True,
        use_listings_cache=False,
    )


def _https(server: Server) -> Any:  # noqa: ANN401
    http = importlib.import_module("fsspec.implementations.http")
    aiohttp = importlib.import_module("aiohttp")
    headers = {}
    if (token := server.secrets.get("token")) is not None:
        server.redactor.learn([token.reveal()])
        headers["Authorization"] = token.wire() if token.has_scheme else f"Bearer {token.reveal()}"
    elif (password := server.reveal("password")) is not None:
        login = aiohttp.BasicAuth(server.options.username or "", password)
        headers["Authorization"] = login.encode()
        server.redactor.learn([headers["Authorization"].partition(" ")[2]])
    return http.HTTPFileSystem(
        client_kwargs={"timeout": aiohttp.ClientTimeout(total=server.timeout_s)},
        headers=headers,
        # Elsewhere nobody may know the credential.
        allow_redirects=False,
        skip_instance_cache=True,
    )


def _memory(server: Server) -> Any:  # noqa: ANN401, ARG001
    return importlib.import_module("fsspec.implementations.memory").MemoryFileSystem()


_MAKERS: Mapping[str, Callable[[Server], Any]] = {
    "sftp": _sftp,
    "ftps": _ftps,
    "s3": _s3,
    "https": _https,
    "http": _https,
    "memory": _memory,
}


def close(system: Any) -> None:  # noqa: ANN401
    """Let go of a server's connections."""
    # None of the libraries has a public way: each closes when its object is collected, which may
    # be late, and then complains of what it finds open.
    if hasattr(system, "_finalize") and hasattr(system, "_pool"):
        system._finalize(system.loop, system._pool, system._stack)  # noqa: SLF001
    session = getattr(system, "_session", None)
    if session is not None and hasattr(system, "close_session"):
        system.close_session(system.loop, session)
    connection = getattr(system, "ftp", None)
    if isinstance(connection, ftplib.FTP):
        connection.close()
