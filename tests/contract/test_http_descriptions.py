"""Which descriptions of an API are taken, what they can do, and what is said of the others."""

from typing import Any

import msgspec
import pytest

from store.model import State
from sync.channels.http.kind import abilities
from sync.channels.http.options import HttpOptions
from tests.contract.backends import Market

WRITE = {"url": "http://127.0.0.1:9/", "body": {"n": "$quantity"}}


EVENTS = Market().table("http://127.0.0.1:9")["events"]


def options(**changes: Any) -> HttpOptions:
    table = {**Market().table("http://127.0.0.1:9"), **changes}
    return msgspec.convert(table, HttpOptions)


def test_what_a_description_can_do_follows_from_it() -> None:
    whole = abilities(options())
    assert (whole.writes, whole.compare_and_set, whole.reads_one) == (("quantity",), True, True)
    assert whole.states == {State.ACTIVE, State.DISABLED}

    bare = abilities(options(write=None, states={}, fields={"sku": "a", "available": "b"}))
    assert (bare.writes, bare.states, bare.reads_one) == ((), frozenset(), False)

    write = {"url": "http://127.0.0.1:9/x", "body": {"id": "$sku", "n": "$quantity", "s": "$state"}}
    blind = abilities(options(write=write))
    assert (blind.writes, blind.compare_and_set) == (("quantity", "state"), False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "ftp://x/"}, "url must begin with http"),
        ({"url": "http://ana:pw@127.0.0.1/"}, "url must not contain a user or password"),
        ({"url": "http://127.0.0.1:9/s?page=1&api_key=abc"}, "url `api_key` looks like a secret"),
        (
            {"write": {**WRITE, "read": "http://127.0.0.1:9/{sku}?access_token=abc"}},
            "write.read `access_token` looks like a secret, which must not be in the file",
        ),
        (
            {"events": {**EVENTS, "url": "http://127.0.0.1:9/shpat_0123456789ab/e?c={cursor}"}},
            "events.url what begins with `shpat_` looks like a secret",
        ),
        ({"items": "a["}, "items is not a JMESPath expression"),
        ({"fields": {"sku": "sku"}}, "fields needs sku, and available or on_hand"),
        (
            {"fields": {"sku": "a", "available": "b", "colour": "c"}},
            'fields "colour" is not a field; known: sku, ref',
        ),
        ({"fields": {"sku": "a", "available": "b"}}, "states has no effect"),
        ({"write": {"url": "http://x/", "body": {"n": "$quantity"}}}, "same host and port"),
        (
            {"write": {"url": "http://127.0.0.1:9/", "body": {"n": "$qty"}}},
            'write.body "$qty" is not a placeholder; known: $key',
        ),
        ({"write": {"url": "http://127.0.0.1:9/", "body": {}}}, 'needs "$quantity"'),
        ({"url": "http://127.0.0.1:9/{shop}/stock"}, 'url "{shop}" would be sent as it stands'),
        (
            {"write": {"url": "http://127.0.0.1:9/{ref}", "body": {"n": "$quantity"}}},
            'write.url has {ref}, which never has a value: add ref = "…" to fields',
        ),
        (
            {"write": {**WRITE, "read": "http://127.0.0.1:9/{sku}/{location}"}},
            'write.read has {location}, which never has a value: add location = "…" to fields',
        ),
        (
            {"write": {**WRITE, "url": "http://127.0.0.1:9/{id}"}},
            'write.url "{id}" is not a placeholder; known: {sku}, {location}, {ref}',
        ),
        (
            {"write": {**WRITE, "body": {"n": "$quantity", "id": "$ref"}}},
            'write.body has "$ref", which never has a value: add ref = "…" to fields',
        ),
        (
            {"events": {**EVENTS, "url": "http://127.0.0.1:9/e?{after}"}},
            'events.url "{after}" would be sent as it stands: it takes only {cursor}',
        ),
    ],
)
def test_a_description_that_cannot_work_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError)) as caught:
        options(**changes)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "query", ["page_token=2", "sort_key=sku", "keyword=a", "cursor={cursor}", "token={cursor}"]
)
def test_a_page_token_in_a_url_is_no_secret(query: str) -> None:
    url = f"http://127.0.0.1:9/e?{query}"
    options(events={**EVENTS, "url": url, "cursor": None, "next": "next"})
