"""Expressions: paths by direct access find what JMESPath finds; functions, and what is wrong."""

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.channels.api import expressions
from sync.channels.http.listing.records import RecordDecoder

NAMES = st.sampled_from(["a", "b", "c"])
ITEMS = st.recursive(
    st.none() | st.integers(-3, 3) | st.text(max_size=2) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@st.composite
def paths(draw: st.DrawFn) -> str:
    text = draw(NAMES)
    for _ in range(draw(st.integers(0, 4))):
        text += draw(st.sampled_from([".a", ".b", ".c", "[0]", "[1]", "[-1]", '."a"']))
    return text


@given(paths(), ITEMS)
def test_a_path_finds_what_jmespath_finds(expression: str, item: object) -> None:
    assert expressions.path(expression) is not None
    assert expressions.search(expression)(item) == jmespath.search(expression, item)


@pytest.mark.parametrize(
    ("expression", "roots"),
    [
        ("products[?active].variants[]", [("products",)]),
        ("data.found.items[?qty > `12`]", [("data", "found", "items")]),
        ("data.found.items[0:5].sku", [("data", "found", "items")]),
        ("data.found.*.sku", [("data", "found")]),
        ("data.{a: b.c, d: e}", [("data", "b", "c"), ("data", "e")]),
        ("[a.b[?x].c, d.e[*].f][]", [("a", "b"), ("d", "e")]),
        ("sum(levels[].qty)", [("levels",)]),
        ("sort_by(rows, &name)", [("rows",)]),
        ("join('-', [to_string(parent.id), item.id])", [("parent", "id"), ("item", "id")]),
        ("'ordered'", []),
        ("@", [()]),
    ],
)
def test_the_paths_that_an_expression_looks_into_first_are_known(
    expression: str, roots: list[tuple[str | int, ...]]
) -> None:
    assert list(expressions.roots(expression)) == roots


@pytest.mark.parametrize(
    ("expression", "item", "found"),
    [
        ("subtract(a, b)", {"a": 5}, None),
        ("subtract(a, b)", {"a": "5.50", "b": 2}, 3.5),
        ("add(a, b)", {"a": 1, "b": "2"}, 3),
        ("divide(a, `4`)", {"a": 10}, 2.5),
        ("split(a, '/')[-1]", {"a": "x/y"}, "y"),
        ("split(a, '/')", {}, None),
        ("last_segment(a)", {"a": "gid://shop/Variant/77"}, "77"),
        ("last_segment(a)", {"a": "/api/products/a%2Fb/?page=1"}, "a/b"),
        ("last_segment(a)", {"a": "http://h"}, None),
        ("trim(a)", {}, None),
        ("replace(a, 'x', '')", {"a": "xax"}, "a"),
    ],
)
def test_functions_find_nothing_where_there_is_nothing(
    expression: str, item: object, found: object
) -> None:
    assert expressions.search(expression)(item) == found


@pytest.mark.parametrize(
    ("expression", "item"),
    [
        ("add(a, `1`)", {"a": "many"}),
        ("add(a, `1`)", {"a": True}),
        ("add(a, `1`)", {"a": "1_0"}),
        ("add(a, `1`)", {"a": "nan"}),
        ("add(a, `1`)", {"a": [1]}),
        ("divide(a, b)", {"a": 1, "b": 0}),
        ("trim(a)", {"a": 1}),
    ],
)
def test_what_is_not_a_number_or_a_text_is_not_guessed(expression: str, item: object) -> None:
    with pytest.raises(expressions.ERROR):
        expressions.search(expression)(item)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("a[", "total is not a JMESPath expression: "),
        ("count(a)", "total calls count(), which is not a function; known: abs, add, avg, "),
        ("split(a)", "total gives split() 1 values; it takes 2"),
        ("a[?not_null()]", "total gives not_null() 0 values; it takes 1 or more"),
    ],
)
def test_an_expression_that_can_never_work_is_refused(expression: str, words: str) -> None:
    with pytest.raises(ValueError, match="total") as caught:
        expressions.check("total", expression)
    assert str(caught.value).startswith(words)


HUGE = 10**400
ENDLESS = float("inf")
LONG = "x" * 2_000_000


@pytest.mark.parametrize("number", [HUGE, ENDLESS, "1e999", str(HUGE), HUGE**10])
@pytest.mark.parametrize(
    "expression",
    ["add(a, `0.5`)", "subtract(`0.5`, a)", "multiply(a, `0.5`)", "divide(a, `3`)", "floor(a)",
     "ceil(a)", "avg([a, `0.5`])", "sum([a, `0.5`])", "abs(a)", "floor(to_number(a))",
     "multiply(multiply(a, a), multiply(a, a))", "rows[?floor(v) > `1`]", "a"],
)  # fmt: skip
def test_no_number_blinds_more_than_its_own_record(expression: str, number: object) -> None:
    decoder = RecordDecoder({"sku": "sku", "available": expression}, {})
    good = {"sku": "A", "a": 1, "rows": []}
    bad = {"sku": "B", "a": number, "rows": [{"v": number}]}

    reading = decoder.all([bad, good], "page 1, ")

    assert [refused.sku for refused in reading.refused][:1] == ["B"]
    assert "int_max_str_digits" not in "".join(refused.reason for refused in reading.refused)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("replace(replace(t, 'x', t), 'x', 'yy')", "replace() makes a text of over 100,000 "),
        ("join(t, ['a', 'b', 'c'])", "join() makes a text of over 100,000 characters"),
        ("add(n, `1`)", "add() can't work with a number as large as this"),
        ("floor(e)", "a number is too large to work with"),
        ("contains(s, `1`)", "a function can't work with what it was given"),
    ],
)
def test_what_a_function_cannot_do_is_said(expression: str, words: str) -> None:
    item = {"t": LONG, "n": HUGE, "e": ENDLESS, "s": "short"}

    with pytest.raises(expressions.ERROR) as caught:
        expressions.search(expression)(item)

    assert words in str(caught.value)


def test_what_does_not_fit_a_function_is_quoted_short_and_harmless() -> None:
    with pytest.raises(expressions.ERROR) as caught:
        expressions.search("abs(t)")({"t": "\x1b[31m" + LONG})

    assert len(str(caught.value)) < 200
    assert "\x1b" not in str(caught.value)
