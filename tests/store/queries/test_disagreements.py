"""The list of disagreements: which are shown, and in what order."""

from pathlib import Path

from store.model import Kind, Status
from tests.store.world import MINUTE, record, world


def test_a_filter_and_an_order_choose_what_is_shown(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        rows = [record("A", 1, price_minor=100, title="Lamp"), record("B", 1, price_minor=9900)]
        w.poll("warehouse", rows)
        w.poll("shop", [record("A", 11), record("B", 2)])
        assert [disagreement.sku for disagreement in w.diff()] == ["B", "A"]
        assert [disagreement.sku for disagreement in w.diff(words=("lAm",))] == ["A"]
        assert [disagreement.sku for disagreement in w.diff(risk_min=50.0)] == ["B"]
        assert [disagreement.sku for disagreement in w.diff(skus=("A",))] == ["A"]
        assert w.diff(channels=("market",)) == []
        assert w.diff(statuses=(Status.UNKNOWN,)) == []
        assert w.diff(kinds=(Kind.STATE,)) == []
        assert w.diff(age_min_ms=MINUTE) == []
        overview = w.overview()
        assert (overview.oversell, overview.oversell_units) == (2, 11)
        assert overview.oversell_money == 10 * 1 + 99
