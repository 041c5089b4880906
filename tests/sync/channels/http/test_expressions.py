"""Expressions: paths by direct access find what JMESPath finds; functions, and what is wrong."""

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.channels.http import expressions

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
