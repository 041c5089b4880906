"""The list of disagreements: which are shown, and in what order."""

from pathlib import Path

from store.corrections import propose
from store.model import Kind, Policy, Record, Refused, Status
from store.queries import views
from store.queries.ranking import grouped, total_of
from store.queries.ranking_values import GroupBy
from store.queries.values import DisagreementFilter
from tests.store.world import MINUTE, World, channel, record, stock, terms, warehouse, world


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


def counted(w: World) -> tuple[int, int, int, int]:
    """What the header, the list, its ids and its groups make of the disagreements."""
    every = DisagreementFilter()
    ids = w.database.read(views.disagreement_ids, every, now=w.now)
    groups = w.database.read(grouped, every, GroupBy.CHANNEL, now=w.now)
    in_groups = sum(total_of(total).count for total in groups.totals)
    return w.overview().disagreements, len(w.diff()), len(ids), in_groups


def test_all_counts_are_those_of_the_list(tmp_path: Path) -> None:
    with world(tmp_path, channel("shop"), channel("market")) as w:
        w.poll("warehouse", stock(A=1, B=2, C=3, D=4))
        w.poll("market", stock(A=1, B=2, C=3, D=9))
        w.poll("shop", stock(A=11, B=12, C=3))
        assert counted(w) == (4, 4, 4, 4)

        bad = [Refused("line 3", "no number", "B"), Refused("line 4", "no number", "C")]
        w.poll("warehouse", stock(A=1, D=4), refused=bad)
        assert counted(w) == (4, 4, 4, 4)
        assert w.overview().unreadable == 2
        assert w.overview().unknown == 1

        w.reconfigure(terms(warehouse(), channel("shop")))
        assert counted(w) == (3, 3, 3, 3)
        w.poll("shop", stock(A=11, C=3, D=4), refused=[Refused("line 9", "no number", "B")])
        w.reconfigure(terms(warehouse(), channel("market")))
        assert w.overview().unreadable == 2
        assert len(set(counted(w))) == 1


def test_money_at_risk_counts_a_unit_as_the_pieces_in_it_unless_it_has_its_own_price(
    tmp_path: Path,
) -> None:
    boxes = channel("shop", policies=(Policy("*", units=6),))
    with world(tmp_path, boxes) as w:
        w.poll("warehouse", [Record(sku, 12, state="active", price_minor=50) for sku in "AB"])
        w.poll("shop", [Record("A", 5, state="active"), Record("B", 5, price_minor=250)])

        assert w.rows("SELECT risk_minor FROM open_disagreements ORDER BY listing_id") == [
            (3 * 6 * 50,),
            (3 * 250,),
        ]
        in_list = {disagreement.sku: disagreement.money_at_risk for disagreement in w.diff()}
        assert in_list == {"A": 9.0, "B": 7.5}
        w.database.write(propose.propose, now=w.now)
        worth = {update.sku: update.price_minor for update in w.updates()}
        assert worth == {"A": 300, "B": 250}
