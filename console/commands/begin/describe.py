"""`skew describe`: look at a system, and propose its description."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import SECRET_PLACES, example, json_option, secret_place, text

if TYPE_CHECKING:
    from sync.describing.proposal import Proposal
    from sync.secrets import SecretSource

_SQLITE = b"SQLite format 3\x00"
_REMOTE = ("sftp://", "ftps://", "ftp://", "s3://")
_ANSWER_BYTES_MAX = 64 * 1024 * 1024


@click.command(
    epilog=example(
        "skew describe https://shop.example/api/products --token env:SHOP_KEY",
        "skew describe https://shop.example/graphql --body @query.json",
        "skew describe warehouse.csv",
        "skew describe env:LEDGER_DB --table stock",
    )
)
@click.argument("target", metavar="URL|FILE|DATABASE", callback=text)
@click.option("--name", metavar="NAME", help="What the channel is called.")
@click.option("--token", metavar="PLACE", help="Sent as Authorization: Bearer.")
@click.option(
    "--header",
    "headers",
    metavar="'NAME: VALUE'",
    multiple=True,
    help="A header; a secret one as a PLACE. May be given several times.",
)
@click.option(
    "--auth",
    metavar="TOML",
    help='Another way to sign in, as in `[channels.NAME.auth]`; secrets as { env = "NAME" }.',
)
@click.option("--body", metavar="JSON|@FILE", help="Ask with POST and this: GraphQL.")
@click.option("--items", metavar="JMESPATH", help="Where the records are, if it is not found.")
@click.option("--table", metavar="TABLE", help="Of a database: which table or view.")
@click.option("--url", metavar="URL", help="Of an answer in a file: where it is from.")
@click.option("--whole", is_flag=True, help="A whole configuration, not only the channel.")
@json_option
def describe(target: str, *, whole: bool, as_json: bool, **given: object) -> int:
    """Look at an API, a file or a database, and print a description of it to paste.

    It only reads. An API is asked for one answer, and then by the proposed description for its
    first two pages. What was seen stands beside each key; a guess is called one. PLACE says where
    a secret is: env:NAME, file:PATH or keyring:service/name. Exits 1 if it does not answer, or if
    no SKU or no quantity was found.
    """
    from console.reports import json_documents
    from sync.errors import ChannelError, ConfigError, ConfigErrors

    try:
        proposed = _proposed(target, given)
    except ConfigError as error:
        raise ConfigErrors("skew describe", (error,)) from None
    except ChannelError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json_documents.write(_document(proposed)))
    else:
        click.echo("\n".join(proposed.lines(whole=whole)))
    return 0 if proposed.is_usable else 1


def _proposed(target: str, given: Mapping[str, object]) -> "Proposal":
    """Look at whatever it is. Raises ChannelError, ConfigError, ConfigErrors."""
    from sync.describing import looking

    name, body = given["name"], _body(given["body"])
    if target.lower().startswith(("http://", "https://")):
        question = looking.ApiQuestion(
            str(name or "shop"), target, Path(), body, _text(given["items"]), _sign_in(given)
        )
        return asyncio.run(looking.describe_api(question))
    if target.lower().startswith(_REMOTE):
        raise click.UsageError(f"copy the file here first; {target} is not fetched to look at it")
    source = _source(target)
    if source is not None or "://" in target:
        return _database(str(name or "database"), source or target, given)
    path = Path(target).expanduser()
    start = _start(path)
    if start.startswith(_SQLITE):
        return _database(str(name or "database"), f"sqlite:///{target}", given)
    if start.lstrip()[:1] in (b"{", b"["):
        content = _json(_start(path, _ANSWER_BYTES_MAX), f"{target} is not JSON")
        url = str(given["url"] or "https://shop.example/stock")
        question = looking.ApiQuestion(
            str(name or "shop"), url, Path(), body, _text(given["items"]), _sign_in(given),
            is_url_known=given["url"] is not None,
        )  # fmt: skip
        return looking.describe_answer(question, content)
    return _file(str(name or "warehouse"), path, target)


def _file(name: str, path: Path, written: str) -> "Proposal":
    from sync.clock import SystemClock
    from sync.describing import looking, tables

    proposed = tables.describe_file(name, path, written, SystemClock())
    return asyncio.run(looking.tried(proposed, Path()))


def _database(name: str, url: "str | SecretSource", given: Mapping[str, object]) -> "Proposal":
    from sync.describing import databases, looking

    async def look() -> "Proposal":
        found = await databases.describe_database(name, url, Path(), _text(given["table"]))
        return await looking.tried(found, Path())

    return asyncio.run(look())


def _sign_in(given: Mapping[str, object]) -> Mapping[str, object]:
    """The channel's keys that sign in. Raises click's UsageError."""
    keys: dict[str, object] = {}
    if given["token"] is not None:
        keys["token"] = secret_place(str(given["token"]), "--token")
    headers = given["headers"]
    assert isinstance(headers, tuple)
    if headers:
        keys["headers"] = dict(_header(header) for header in headers)
    if given["auth"] is not None:
        import tomllib

        try:
            keys["auth"] = tomllib.loads(str(given["auth"]))
        except tomllib.TOMLDecodeError as error:
            raise click.UsageError(f"--auth is not TOML ({error}); write basic = {{ … }}") from None
    return keys


def _header(written: str) -> tuple[str, object]:
    name, colon, value = written.partition(":")
    if not colon or not name.strip() or not value.strip():
        raise click.UsageError("--header is written 'X-Auth-Token: env:SHOP_KEY'")
    value = value.strip()
    is_place = value.partition(":")[0] in SECRET_PLACES
    return name.strip(), secret_place(value, "--header") if is_place else value


def _source(target: str) -> "SecretSource | None":
    kind, _, where = target.partition(":")
    if kind not in SECRET_PLACES or where.startswith("//"):
        return None
    from sync.secrets import SecretSource

    try:
        return SecretSource(**secret_place(target, "DATABASE"))
    except ValueError as error:
        raise click.UsageError(f"DATABASE: {error}") from None


def _body(written: object) -> object:
    if written is None:
        return None
    whole = str(written)
    if whole.startswith("@"):
        whole = _start(Path(whole[1:]), _ANSWER_BYTES_MAX).decode("utf-8", "replace")
    found = _json(whole.encode(), "--body is not JSON")
    if not isinstance(found, dict | list):
        raise click.UsageError("--body must be a JSON object or list")
    return found


def _json(content: bytes, wrong: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{wrong}: {error}") from None


def _start(path: Path, length: int = 64) -> bytes:
    """The first bytes of a file; none of a folder."""
    if path.is_dir():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(length)
    except FileNotFoundError:
        raise click.UsageError(
            f"{path} not found; write a URL, a file, or a database's URL or PLACE"
        ) from None
    except OSError as error:
        raise click.UsageError(f"{path} can't be read: {error.strerror}") from None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _document(proposed: "Proposal") -> Mapping[str, object]:
    return {
        "name": proposed.name,
        "channel": proposed.plain(),
        "seen": proposed.seen,
        "missing": proposed.missing,
        "check": proposed.notes,
        "toml": "\n".join(proposed.lines(whole=False)) + "\n",
    }
