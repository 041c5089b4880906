"""`skew web`: the console in a browser."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.commands.options import config_option, example, secret_place, text
from console.context import load, note

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from sync.units import ListenAddress

_TOKEN_LEAST = 16


@click.command(
    epilog=example(
        "skew web",
        "skew web --read-write --token ana=env:ANA_TOKEN --token ben=env:BEN_TOKEN",
        "skew web --read-write --user-header X-Forwarded-User --public-url https://skew.example",
    )
)
@config_option
@click.option(
    "--listen", metavar="ADDRESS", default="127.0.0.1:9465", show_default=True, callback=text,
    help="Where to listen.",
)  # fmt: skip
@click.option(
    "--token", "tokens", metavar="NAME=PLACE", multiple=True, callback=lambda _c, _p, v: v,
    help="Who may sign in, and where their token is: env:NAME, file:PATH or keyring:service/name.",
)  # fmt: skip
@click.option(
    "--user-header", metavar="HEADER", callback=text,
    help="The header in which a proxy names who signed in there.",
)  # fmt: skip
@click.option(
    "--proxy", "proxies", metavar="ADDRESS", multiple=True, callback=lambda _c, _p, v: v,
    help="Where the proxy is, if not on this machine: an IP address, or a network.",
)  # fmt: skip
@click.option(
    "--public-url", metavar="URL", callback=text,
    help="The address as browsers have it.  [default: `url` of [web], else where it listens]",
)  # fmt: skip
@click.option("--read-write", is_flag=True, help="Let those who signed in decide.")
def web(  # noqa: PLR0913 - click gives each option.
    config: Path,
    *,
    listen: str,
    tokens: tuple[str, ...],
    user_header: str | None,
    proxies: tuple[str, ...],
    public_url: str | None,
    read_write: bool,
) -> int:
    """Serve the console to browsers, until SIGTERM or Ctrl-C.

    It is read-only, and on this machine alone. With a --token for each person, or a proxy that
    signs people in and passes their names on, it may listen elsewhere, and with --read-write they
    decide under their own names. Needs the extra `web`. Exits 1 if the address can't be had.
    """
    settings = load(config, secrets=False)
    if read_write and settings.console.read_only:
        raise click.UsageError(f"--read-write: {config} has read_only = true in [console]")
    if read_write:
        settings = load(config, secrets=True)
    from sync import extras
    from sync.units import listen_address

    try:
        at = listen_address(listen)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from None
    networks = _networks(proxies, user_header)
    _check_who(at, tokens, user_header, read_write=read_write)
    if lacking := extras.lack("web"):
        note(f"`skew web` {lacking}")
        return 2
    from console import web as served

    wanted = served.WebSettings(
        config=settings.path.resolve(),
        host=at.host,
        port=at.port,
        public_url=public_url or settings.web_url or f"http://{at}",
        tokens={served.digest(token): name for name, token in _tokens(tokens, settings.path)},
        user_header=user_header,
        proxies=networks,
        read_write=read_write,
    )
    try:
        served.serve(wanted)
    except OSError as error:
        note(f"{at}: {os.strerror(error.errno) if error.errno else error}")
        return 1
    return 0


def _check_who(
    at: "ListenAddress", tokens: tuple[str, ...], user_header: str | None, *, read_write: bool
) -> None:
    import ipaddress

    if tokens and user_header:
        raise click.UsageError("--token and --user-header: one of them says who it is")
    if tokens or user_header:
        return
    if read_write:
        raise click.UsageError(
            "--read-write needs to know who decides: --token NAME=PLACE for each, or --user-header"
        )
    if not ipaddress.ip_address(at.host).is_loopback:
        raise click.UsageError(
            f"--listen {at}: whoever reaches it could look in; add --token NAME=PLACE for each "
            "person, or --user-header behind a proxy that signs them in"
        )


def _networks(given: tuple[str, ...], user_header: str | None) -> "list[IPv4Network | IPv6Network]":
    import ipaddress

    if given and not user_header:
        raise click.UsageError("--proxy says who may send the --user-header: add that")
    try:
        return [ipaddress.ip_network(written) for written in given]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--proxy") from None


def _tokens(given: tuple[str, ...], config: Path) -> list[tuple[str, str]]:
    """The names, each with its token. Raises UsageError, ConfigError."""
    from console.text.operators import name_error
    from sync.secrets import SecretSource, resolve

    found = []
    for written in given:
        name, equals, place = written.partition("=")
        if not equals or name_error(name):
            raise click.UsageError(f"--token {written[:40]!r}: write NAME=PLACE: ana=env:ANA_TOKEN")
        source = SecretSource(**secret_place(place, "--token"))
        token = resolve(source, key="--token", base=config.parent).reveal()
        if len(token) < _TOKEN_LEAST:
            raise click.UsageError(
                f"the token of {name} is shorter than {_TOKEN_LEAST} characters: "
                "`openssl rand -hex 16` makes one"
            )
        found.append((name.strip(), token))
    return found
