"""A SKU that both sides have, each at a location where the other has not."""

from pathlib import Path

from store.causes import find_facts
from store.model import Disagreement
from tests.store.world import World, record, stock, world


def elsewhere(w: World, of: Disagreement) -> tuple[str, ...]:
    return w.database.read(find_facts.find, [of.id])[of.id].elsewhere


def test_a_missing_and_an_unlisted_sku_find_each_others_location(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [record("A", 1, state="active"), record("B", 2, state="active")])
        w.poll("shop", [record("A", 1, location="WH", state="active"), *stock(B=2)])
        missing, unlisted = sorted(w.diff(), key=lambda found: found.location)

        assert (missing.location, unlisted.location) == ("", "WH")
        assert elsewhere(w, missing) == ("WH",)
        assert elsewhere(w, unlisted) == ("",)


def test_one_that_both_have_there_too_is_only_unlisted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A=1))
        w.poll("shop", [*stock(A=1), record("A", 1, location="WH", state="active")])

        assert elsewhere(w, w.only(skus=("A",))) == ()
