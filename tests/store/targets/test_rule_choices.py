"""Many rules mean what few mean, and cost a look-up and not a try of each."""

import sqlite3
import time
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.model import Authority, Policy, Terms
from store.targets import policy_sql
from store.targets.policy_sql import PolicySql
from store.targets.rule_choices import FirstMatch, nested
from tests.store.world import World, channel, stock, terms, warehouse, world

PATTERNS = st.one_of(
    st.text("AB-", min_size=1, max_size=3),
    st.text("AB-*?", min_size=1, max_size=4),
    st.sampled_from(["*", "[AB]*", "A[!A]", "[[]", "A*B", "?", "A[A-B]*"]),
)


def first(patterns: list[str], sku: str) -> int | None:
    return next((n for n, pattern in enumerate(patterns) if fnmatchcase(sku, pattern)), None)


@given(st.lists(PATTERNS, max_size=30), st.text("AB-[", max_size=4))
def test_the_first_of_many_is_the_one_that_trying_them_in_order_finds(
    patterns: list[str], sku: str
) -> None:
    assert FirstMatch(patterns).find(sku) == first(patterns, sku)


@given(st.lists(PATTERNS, max_size=60), st.text("AB-[", max_size=4), st.integers(1, 60))
def test_many_rules_choose_as_few_do(patterns: list[str], sku: str, kinds: int) -> None:
    choices = [(pattern, str(n % kinds)) for n, pattern in enumerate(patterns)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy_sql, "MANY", -1)
        compiled = PolicySql(Terms((), ()), {})
        found = compiled.case(choices)
    connection = sqlite3.connect(":memory:")
    compiled.rules.register(connection)
    (row,) = connection.execute(f"SELECT {found} FROM (SELECT :sku AS sku) i", {"sku": sku})
    connection.close()

    place = first(patterns, sku)
    assert row[0] == (None if place is None else place % kinds)


@pytest.mark.parametrize("count", [0, 1, 16, 17, 33, 500])
def test_every_one_of_many_expressions_is_reached(count: int) -> None:
    connection = sqlite3.connect(":memory:")
    sql = nested(":n", [str(n * n) for n in range(count)])
    found = [connection.execute(f"SELECT {sql}", {"n": n}).fetchone()[0] for n in range(count)]
    assert found == [n * n for n in range(count)]
    assert connection.execute(f"SELECT {sql}", {"n": None}).fetchone()[0] is None
    connection.close()


def ruled(count: int) -> Terms:
    """A rule of its own for each of so many SKUs, of the shop and of the authority."""
    policies = tuple(Policy(f"S{n}", buffer=n % 7, share_ppm=1_000_000 - n) for n in range(count))
    supplied = [Authority(f"D{n}*", "supplier", "supplier") for n in range(count)]
    return terms(
        warehouse(),
        channel("supplier"),
        channel("shop", policies=(*policies, Policy("*", cap=2))),
        authorities=supplied,
    )


def filled(w: World) -> dict[str, int | None]:
    w.poll("warehouse", stock(S0=9, S1=9, S59=9, OTHER=9, D1=9, D59X=9))
    w.poll("supplier", stock(D1=5, D59X=1))
    w.poll("shop", stock(S0=1, S1=1, S59=1, OTHER=1, D1=1, D59X=1))
    return w.targets("shop")


def test_a_shop_with_many_rules_has_the_targets_that_it_has_with_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ruled(60)
    with world(tmp_path / "many", *made.channels, authorities=made.authorities) as w:
        many = filled(w)
    monkeypatch.setattr(policy_sql, "MANY", 10_000)
    with world(tmp_path / "few", *made.channels, authorities=made.authorities) as w:
        few = filled(w)

    assert many == few
    assert many == {"S0": 9, "S1": 7, "S59": 5, "OTHER": 2, "D1": 2, "D59X": 1}


@pytest.mark.long
def test_twenty_thousand_rules_cost_no_minutes(tmp_path: Path) -> None:
    """One after the other they took half an hour for forty thousand SKUs."""
    made = ruled(20_000)
    with world(tmp_path, *made.channels, authorities=made.authorities) as w:
        began = time.process_time()
        w.poll("warehouse", stock(**{f"S{n}": 9 for n in range(2_000)}))
        w.poll("shop", stock(**{f"S{n}": 9 for n in range(2_000)}))
        took_s = time.process_time() - began

        assert w.targets("shop")["S1999"] == max(0, 9 - 1999 % 7) * (1_000_000 - 1999) // 10**6
    assert took_s < 30
