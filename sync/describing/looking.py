"""Looks at a system, and tries what it proposes: it only ever reads.

An API is asked for one answer, and then by the proposed description for its first two pages, so
that a guess is either borne out or taken back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sync import channels, values
from sync.channels.api import addresses, complaints
from sync.channels.base import Channel, closing
from sync.clock import Clock, SystemClock
from sync.config.decoding import Findings, table
from sync.config.load import decode
from sync.describing import paging, proposal, ready_made, record_lists
from sync.describing.paging import PagingProposal, SeenAnswer
from sync.describing.proposal import Proposal
from sync.describing.record_lists import RecordList
from sync.describing.seen import counted
from sync.errors import ChannelError, ConfigError, ConfigErrors, ContractBroken, NeedsOperator

if TYPE_CHECKING:
    from sync.channels.http.channel import HttpApi
    from sync.settings import ChannelSettings

_WAYS_MAX = 4
_BEGINNING = 8_000
"""So much of what is no JSON is looked at, to quote its first words."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class ApiQuestion:
    """What to ask an API for, as it stands on the command line."""

    name: str
    url: str
    base: Path
    """The folder that a secret's file is relative to."""
    body: object = None
    items: str | None = None
    """JMESPath to the records, where they are not to be found out."""
    sign_in: Mapping[str, object] = field(default_factory=dict)
    """The channel's keys that sign in; secrets are places."""
    is_url_known: bool = True
    """An answer that was saved may be from nobody knows where."""

    @property
    def signs_in(self) -> bool:
        """Whether a credential is given, and not only a header such as Accept."""
        headers = self.sign_in.get("headers")
        secret = headers.values() if isinstance(headers, dict) else ()
        return bool({"token", "auth"} & self.sign_in.keys()) or any(
            isinstance(value, dict) for value in secret
        )


async def describe_api(question: ApiQuestion) -> Proposal:
    """Ask for one answer, propose a description of it, and try that.

    Raises ChannelError where it does not answer, and ConfigErrors where it can't be asked so.
    """
    _check_address(question)
    answer = await _answer(question)
    records = _records(question, answer.content)
    signs = paging.signs(answer, records)
    tried: list[str] = []
    for way in signs.ways[:_WAYS_MAX]:
        proposed = proposal.of_api(question.name, answer, records, signs, way, question.sign_in)
        if not proposed.is_usable:
            return _introduced(proposed, answer, question)
        found = await _tried(proposed, question.base, way)
        if found.is_good:
            proposed.seen += found.seen
            proposed.notes += [*tried, *found.notes]
            if not way.keys and len(signs.ways) > 1:
                proposed.notes.append("more pages follow, and no way to ask for them was found")
            return _introduced(proposed, answer, question)
        tried.append(f"tried and taken back: {_keys_of(way)}: {found.seen[0]}")
    proposed.notes += tried
    return _introduced(proposed, answer, question)


def describe_answer(question: ApiQuestion, content: object) -> Proposal:
    """Propose a description of an answer that was saved; nothing is asked and nothing is tried.

    Raises ContractBroken, NeedsOperator, and ConfigErrors where it can't be from that address.
    """
    _check_address(question)
    method = "GET" if question.body is None else "POST"
    answer = SeenAnswer(question.url, content, {}, method, question.body)
    complaint = complaints.of_page(content, _list_of_records(content))
    if complaint is not None and complaint.is_sure:
        raise ContractBroken(
            f"it is an error, not a list: {values.quoted(complaint.words)}",
            path="the answer", subject=question.name,
        )  # fmt: skip
    records = _records(question, content)
    signs = paging.signs(answer, records)
    proposed = proposal.of_api(
        question.name, answer, records, signs, signs.ways[0], question.sign_in
    )
    proposed.notes.append("nothing was tried: this is an answer that was saved")
    if not question.is_url_known:
        proposed.table.remarks["url"] = "FILL IN: where this answer is from"
        proposed.notes.append("`url` is a placeholder: fill in where this answer is from (--url)")
    return _introduced(proposed, answer, question)


def _check_address(question: ApiQuestion) -> None:
    if not addresses.named(question.url).hostname:
        words = (
            f"{values.quoted(question.url)} is not an address such as https://shop.example/stock"
        )
        raise ConfigErrors("skew describe", (ConfigError("url", words),))


def _introduced(proposed: Proposal, answer: SeenAnswer, question: ApiQuestion) -> Proposal:
    where = answer.url.partition("?")[0]
    looked_at = f"{answer.method} {where}" if question.is_url_known else "an answer in a file"
    proposed.seen.insert(0, f"{looked_at}, looked at by `skew describe`")
    known = ready_made.of_answer(answer.url, answer.content, question.base)
    if known is not None:
        proposed.seen.insert(0, known.sentence())
    proposed.notes.append(
        "how it is written can't be seen in an answer: until `write` and direction are added it is "
        "only read"
    )
    return proposed


def _records(question: ApiQuestion, content: object) -> RecordList:
    """Find the records. Raises ContractBroken naming what is there instead."""
    if question.items is not None:
        try:
            found = record_lists.of_expression(content, question.items)
        except ValueError as error:
            raise ConfigErrors(
                "skew describe", (ConfigError("--items", f"is not JMESPath: {error}"),)
            ) from None
        lacking = f"`{question.items}` finds no list of records"
    else:
        found = record_lists.best(content)
        lacking = "no list of records was found"
    if found is not None:
        return found
    what = values.quoted(content)
    if isinstance(content, dict):
        what = f"an object with {values.key_names(content)}"
    text = f"{lacking} in {what}"
    empty = record_lists.empty(content)
    if empty and question.items in (None, *empty):
        which = "" if content == [] else f" `{question.items or empty[0]}`"
        text = f"the list{which} is empty: ask where it has records, so that their fields are seen"
    raise ContractBroken(text, path="the answer", subject=question.name)


def _list_of_records(content: object) -> object:
    """What stands for the records where an answer may be an error: a list, or None."""
    records = record_lists.best(content)
    return [{}] if records is not None and records.choice.is_enough else None


def _pointed(error: NeedsOperator, question: ApiQuestion) -> NeedsOperator:
    """Say how to sign in to whom nobody signed in, and what is known of the address."""
    text = str(error).rstrip(".")
    if not question.signs_in:
        text += (
            ". No credential was given: sign in with --token env:NAME, --header 'NAME: env:NAME' "
            "or --auth TOML"
        )
    known = ready_made.of_refusal(question.url, question.base)
    if known is not None:
        text += f". Also, {known.sentence()}"
    return NeedsOperator(text, status=error.status)


async def _answer(question: ApiQuestion) -> SeenAnswer:
    """Ask once, signed in."""
    method = "GET" if question.body is None else "POST"
    own: dict[str, object] = {
        "url": question.url, "items": "@", "fields": {"sku": "sku", "available": "available"},
        "method": method, **question.sign_in,
    }  # fmt: skip
    if question.body is not None:
        own["body"] = question.body
    found = Findings()
    options = table(own, channels.kind("http").OPTIONS, f"channels.{question.name}", found)
    if options is None:
        raise ConfigErrors("skew describe", tuple(found.errors))
    from sync.transport.transport import Transport

    clock: Clock = SystemClock()
    transport = Transport(question.name, question.url, clock=clock)
    opened = channels.kind("http").open_channel(
        question.name, options, transport, clock, question.base
    )
    api = cast("HttpApi", opened)
    try:
        reply = await api.answer()
        # What is shown of it is values, names and addresses: none may be a credential of ours.
        content = _struck(_content(reply.body, question.name, api.struck), api.struck)
        headers = {name: api.struck(value) for name, value in reply.headers.items()}
        error = api.error_of(content, _list_of_records(content))
        if isinstance(error, NeedsOperator):
            raise _pointed(error, question)
        if error is not None:
            raise error
    except NeedsOperator as error:
        raise (_pointed(error, question) if error.status else error) from None
    finally:
        await opened.close()
    return SeenAnswer(question.url, content, headers, method, question.body)


def _struck(content: object, struck: Callable[[str], str]) -> object:
    if isinstance(content, str):
        return struck(content)
    if isinstance(content, list):
        return [_struck(part, struck) for part in content]
    if isinstance(content, dict):
        return {struck(str(name)): _struck(part, struck) for name, part in content.items()}
    return content


def _content(body: bytes, name: str, struck: Callable[[str], str]) -> object:
    try:
        return values.json_value(body)
    except ValueError as error:
        beginning = values.quoted(struck(body[:_BEGINNING].decode("utf-8", "replace"))[:200])
        raise ContractBroken(
            f"the answer is not JSON ({error}); it begins with {beginning}",
            path="the answer", subject=name,
        ) from None  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Trial:
    """What reading by a proposal showed."""

    is_good: bool
    seen: Sequence[str]
    notes: Sequence[str] = ()


async def tried(proposed: Proposal, base: Path) -> Proposal:
    """Read the first pages by a proposal for a file or a database, and say what came."""
    if proposed.is_usable:
        alone = PagingProposal({}, "", is_guess=False)
        found = await _tried(proposed, base, alone)
        proposed.seen += found.seen
        proposed.notes += found.notes
    return proposed


async def _tried(proposed: Proposal, base: Path, way: PagingProposal) -> _Trial:
    """Read the first two pages by a proposal, as a poll does."""
    try:
        channel = channels.open_channel(settings_of(proposed, base), SystemClock(), base)
    except ConfigErrors as error:
        return _Trial(is_good=False, seen=[str(error)])
    try:
        return await _two_pages(channel, way)
    except ChannelError as error:
        return _Trial(is_good=not way.keys, seen=[f"reading by it failed: {error}"])
    finally:
        await channel.close()


async def _two_pages(channel: Channel, way: PagingProposal) -> _Trial:
    known: set[tuple[str, str, str]] = set()
    seen: list[str] = []
    notes: list[str] = []
    async with closing(channel.pages()) as pages:
        number = 0
        async for page in pages:
            number += 1
            listings = {(record.sku, record.location, record.ref) for record in page.records}
            new = listings - known
            if number > 1 and not new and way.keys and (listings or page.cut_short):
                return _Trial(is_good=False, seen=[f"page {number} has what page 1 has"])
            seen.append(f"page {number} was read by this: {_count(len(listings), new, number)}")
            if page.refused:
                first = page.refused[0]
                records = counted(len(page.refused), "record")
                notes.append(
                    f"{records} of page {number} can't be read; the first: "
                    f"{first.place}: {first.reason}"
                )
            if page.cut_short and not known and way.keys:
                return _Trial(is_good=False, seen=[page.cut_short])
            if page.cut_short:
                notes.append(page.cut_short)
            notes += page.warnings
            known |= listings
            if number > 1:
                break
    return _Trial(is_good=True, seen=seen, notes=notes[:_SHOWN])


def _count(count: int, new: set[tuple[str, str, str]], number: int) -> str:
    return counted(count, "listing") if number == 1 else counted(len(new), "other listing")


def settings_of(proposed: Proposal, base: Path) -> "ChannelSettings":
    """Read a proposal as a configuration does. Raises ConfigErrors."""
    data = {
        "authority": {"quantity": proposed.name},
        "channels": {proposed.name: dict(proposed.plain())},
    }
    read = decode(data, source="skew describe", base=base, environ=None)
    return read.channels[proposed.name]


def _keys_of(way: PagingProposal) -> str:
    paged = way.keys.get("paging")
    if isinstance(paged, dict):
        return f"paging by {paged['by']}, {paged.get('param') or 'in the body'}"
    return ", ".join(f"{key} = {value}" for key, value in way.keys.items())
