"""Patterns of SKUs: those that are accepted mean the same to Python and to SQLite."""

import sqlite3
from fnmatch import fnmatchcase

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from store.model import Terms
from store.targets.policy_sql import PolicySql
from sync import sku_patterns
from tests.sync.config_text import SHOP, SMALLEST, errors_of


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        ("A[", "without ]"),
        ("A[]", "without ]"),
        ("[!]", "without ]"),
        ("[^A]*", "write [!…]"),
        ("[A[!]", "write the ! first"),
        ("[Z-A]", "no clear meaning"),
        ("[]-a]", "no clear meaning"),
    ],
)
def test_a_pattern_that_can_be_read_in_two_ways_is_refused(pattern: str, remedy: str) -> None:
    with pytest.raises(ValueError, match="skus has") as caught:
        sku_patterns.check(pattern)
    assert remedy in str(caught.value)


@pytest.mark.parametrize("pattern", ["*", "DS-*", "?", "[A-Z]*", "[!A-Z0-9]*", "[[]x", "[]]", "a]"])
def test_what_is_clear_is_accepted(pattern: str) -> None:
    sku_patterns.check(pattern)


@given(st.text("AB-[]!^*?a", min_size=1, max_size=8), st.text("AB-[]!^a", max_size=4))
def test_what_is_accepted_means_the_same_to_the_store(pattern: str, sku: str) -> None:
    try:
        sku_patterns.check(pattern)
    except ValueError:
        assume(False)
    compiled = PolicySql(Terms((), ()), {})
    found = compiled.case([(pattern, "1"), ("*", "0")])
    connection = sqlite3.connect(":memory:")
    with connection:
        row = connection.execute(
            f"SELECT {found} FROM (SELECT :sku AS sku) i", compiled.values | {"sku": sku}
        ).fetchone()
    connection.close()
    assert bool(row[0]) == fnmatchcase(sku, pattern)


def test_each_rule_of_a_configuration_names_its_pattern() -> None:
    rules = """
[[authority.rules]]
skus = "A["
quantity = "shop"
[[approval.rules]]
skus = "[^A]"
[[channels.shop.rules]]
skus = "[B-A]"
cap = 1
"""
    errors = errors_of(SMALLEST + SHOP + rules)
    assert set(errors) == {
        "authority.rules[0].skus", "approval.rules[0].skus", "channels.shop.rules[0].skus",
    }  # fmt: skip
