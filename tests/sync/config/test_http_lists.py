"""The keys of a described list: each alone and in wrong company, of a channel and of its events."""

import msgspec
import pytest

from sync.config.decoding import Findings, table
from tests.sync.config_text import errors_of, read

CHANNEL = """
[authority]
quantity = "shop"
[channels.shop]
kind = "http"
url = "http://127.0.0.1:9/stock"
items = "items"
fields = { sku = "sku", available = "qty" }
"""
EVENTS = f"""{CHANNEL}
[channels.shop.events]
url = "http://127.0.0.1:9/events"
items = "events"
fields = {{ id = "id", kind = "kind", sku = "sku", quantity = "qty", at = "at" }}
"""

OF_ITEM = '{ sku = "item.sku", available = "item.qty" }'

WRONG = [
    ('body = { a = "$cursor" }', 'body needs method = "POST": a GET has no body'),
    (
        'method = "POST"\nbody = { a = "$page" }',
        'body has $page, which needs paging = { by = "page" }',
    ),
    (
        'method = "POST"\nbody = { a = ["$cursr"] }',
        'body "$cursr" is not a placeholder; known: $page, $offset or $cursor, with paging',
    ),
    (
        'next = "next"\npaging = { by = "link" }',
        "paging excludes next: keep the one that the API has",
    ),
    (
        'paging = { by = "page" }',
        'paging needs param with by = "page", such as param = "page"',
    ),
    (
        'method = "POST"\npaging = { by = "offset" }',
        'paging needs param with by = "offset", such as param = "offset" or "$offset" in body',
    ),
    (
        'method = "POST"\nbody = { p = "$page" }\npaging = { by = "page", param = "p" }',
        'paging.param excludes "$page" in body: keep one of them',
    ),
    (
        'paging = { by = "cursor", param = "after" }',
        'paging needs cursor with by = "cursor": where it stands, such as "page.endCursor"',
    ),
    ('paging = { by = "page", param = "p", cursor = "c" }', 'paging.cursor needs by = "cursor"'),
    (
        'paging = { by = "link", param = "p" }',
        'paging.param has no effect with by = "link": the header leads on',
    ),
    (
        'paging = { by = "page", param = "p", first = "one" }',
        'paging.first must be a number, such as 1, not "one"',
    ),
    ('paging = { by = "page", param = "p", first = -1 }', "paging.first must be at least 0"),
    ('total = "header:"', 'total "header:" names no header; write "header:X-WP-Total"'),
    ('each = { when = "a" }', 'each needs items or keys, such as items = "variants"'),
    (
        'each = { items = "a", keys = "b" }',
        "each.keys excludes each.items: keep the one that is there",
    ),
    (
        'each = { items = "variants" }',
        'fields.sku "sku" looks in neither: with each, write item.sku or parent.sku',
    ),
    (
        'each = { items = "@", url = "http://127.0.0.1:9/p/{id}" }',
        'each.url "{id}" is not a placeholder; write such as {parent.id}',
    ),
    ('items = ""', 'items is required: where the records stand, such as "items"'),
    (
        'format = "csv"',
        'items has no effect with format = "csv": the rows are the records',
    ),
    ('total = "count("', "total is not a JMESPath expression: "),
    ('items = "count(a)"', "items calls count(), which is not a function; known: abs, add, "),
]  # fmt: skip


def with_key(text: str, keys: str) -> str:
    """Put keys into a table's text; one that is there is replaced."""
    names = {line.partition(" =")[0] for line in keys.splitlines()}
    own, _, last = text.rpartition("[")
    kept = [line for line in last.splitlines() if line.partition(" =")[0] not in names]
    return f"{own}[" + "\n".join([*kept, keys, ""])


@pytest.mark.parametrize(("keys", "words"), WRONG, ids=[keys for keys, _ in WRONG])
def test_a_key_in_wrong_company_is_refused_with_what_is_right(keys: str, words: str) -> None:
    (message,) = errors_of(with_key(CHANNEL, keys)).values()
    key, _, remedy = words.partition(" ")
    assert message.startswith(f"channels.shop.{key}: {remedy}")


@pytest.mark.parametrize(("keys", "words"), WRONG, ids=[keys for keys, _ in WRONG])
def test_so_is_a_key_of_events(keys: str, words: str) -> None:
    if "$cursr" in keys:
        words = words.replace("$page, $offset or $cursor, with paging", "$cursor")
    (message,) = errors_of(with_key(EVENTS, keys)).values()
    words = words.replace("fields.sku", "fields.id").replace("sku", "id")
    key, _, remedy = words.partition(" ")
    assert message.startswith(f"channels.shop.events.{key}: {remedy}")


@pytest.mark.parametrize(
    ("keys", "key", "words"),
    [
        ('method = "PUT"', "method", "PUT"),
        ("paging = { by = 'pages' }", "paging.by", "pages"),
        ("paging = { by = 'page', param = 'p', size = { value = 0 } }", "paging.size.value", "1"),
        ("paging = { param = 'p' }", "paging", "by"),
        ("each = { item = 'a' }", "each", "item"),
    ],
)
def test_a_value_that_cannot_be_is_named_by_its_key(keys: str, key: str, words: str) -> None:
    ((found, message),) = errors_of(with_key(CHANNEL, keys)).items()
    assert found.startswith("channels.shop")
    assert key in message
    assert words in message


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('ids = { parent = "pid" }', "ids has no effect without a write"),
        (
            'ids = { sku = "pid" }\nwrite = {WRITE}',
            'ids "sku" is a name of ours; write such as parent',
        ),
        (
            'ids = { "a b" = "pid" }\nwrite = {WRITE}',
            'ids "a b" can\'t be written as a placeholder',
        ),
        ('ids = { parent = "a[" }\nwrite = {WRITE}', "ids.parent is not a JMESPath expression"),
        (
            'write = { url = "http://127.0.0.1:9/{parent}", body = { q = "$quantity" } }',
            'write.url "{parent}" is not a placeholder; known: {sku}, {location}, {ref}.',
        ),
        (
            'write = { url = "http://127.0.0.1:9/{sku}", body = { q = "$quantity" }, item = "a" }',
            "write.item has no effect without write.read, the URL of one record",
        ),
        (
            'each = { items = "@", url = "http://127.0.0.2:9/p" }\nfields = {OF_ITEM}',
            "each.url must be on the same host and port as url",
        ),
    ],
)  # fmt: skip
def test_ids_and_addresses_in_wrong_company_are_refused(keys: str, words: str) -> None:
    write = '{ url = "http://127.0.0.1:9/{sku}", body = { q = "$quantity" } }'
    (message,) = errors_of(
        with_key(CHANNEL, keys.replace("{WRITE}", write).replace("{OF_ITEM}", OF_ITEM))
    ).values()
    key, _, remedy = words.partition(" ")
    assert message.startswith(f"channels.shop.{key}: {remedy}")


@pytest.mark.parametrize(
    ("keys", "url", "advice"),
    [
        ("", "{parent}", 'ids = { parent = "parent" }'),
        ("each", "{parent}", 'ids = { parent = "parent.id" }'),
        ("each", "{parent.id}", 'ids = { parent = "parent.id" }, and {parent} here'),
        ("each", "{level}", 'ids = { level = "item.level" }'),
    ],
)
def test_a_placeholder_that_ids_could_have_shows_their_line(
    keys: str, url: str, advice: str
) -> None:
    each = f'each = {{ items = "variants" }}\nfields = {OF_ITEM}\n' if keys else ""
    write = f'{{ url = "http://127.0.0.1:9/{url}", body = {{ q = "$quantity" }} }}'
    (message,) = errors_of(with_key(CHANNEL, f"{each}write = {write}")).values()
    assert message.startswith(f'channels.shop.write.url: "{url}" is not a placeholder; known: ')
    assert message.endswith(f". For another id of the listing add {advice}")


def test_a_cursor_of_events_may_stand_in_their_body() -> None:
    read(with_key(EVENTS, 'method = "POST"\nbody = { since = "$cursor" }\ncursor = "last"'))
    (message,) = errors_of(with_key(EVENTS, 'method = "POST"\ncursor = "last"')).values()
    assert 'has no effect without {cursor} in events.url or "$cursor" in events.body' in message
    (message,) = errors_of(with_key(EVENTS, 'total = "count"')).values()
    assert "events.total: has no effect without events.paging or events.next" in message


class _Doubtful(msgspec.Struct):
    size: int = 0

    def __post_init__(self) -> None:
        raise ValueError("size: 0 is too few")


def test_a_check_that_writes_a_colon_behind_its_key_makes_no_second_one() -> None:
    found = Findings()
    table({}, _Doubtful, "channels.shop", found)
    assert [str(error) for error in found.errors] == ["channels.shop.size: 0 is too few"]
