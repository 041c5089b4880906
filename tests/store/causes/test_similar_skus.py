"""Near matches: SKUs that differ by what people and systems change by mistake. Never merged."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.causes import find_facts, similar_skus
from store.causes.facts import SimilarSku
from store.causes.sku_skeleton import differences, skeleton
from store.causes.spreadsheet_damage import damaged_forms, is_damaged
from store.model import Kind, Record
from tests.store.world import World, record, stock, world


@pytest.mark.parametrize(
    ("sku", "other", "by"),
    [
        ("AB-7", "ab-7", ("capitals",)),
        ("AB-7", "AB -7", ("spaces or invisible characters",)),
        ("AB-7", "AB-7\u00a0", ("spaces or invisible characters",)),
        ("AB-7", "A\u200bB-7", ("spaces or invisible characters",)),
        ("AB-7", "\ufeffAB-7", ("spaces or invisible characters",)),
        ("AB-7", "AB\u20117", ("characters that look alike",)),
        ("AB-7", "AB\u20137", ("characters that look alike",)),
        ("AB-7", "\u0410B-7", ("characters that look alike",)),
        ("AB-7", "A\u0392-7", ("characters that look alike",)),
        ("AB-7", "\uff21\uff22-\uff17", ("characters that look alike",)),
        ("AB-7", "AB-007", ("leading zeros",)),
        ("0110", "110", ("leading zeros",)),
        ("A-0", "A-00", ("leading zeros",)),
        ("LAMP1", "LAMP-1", ("hyphens or other separators",)),
        ("LAMP1", "LAMP_1", ("hyphens or other separators",)),
        ("LAMP1", "LAMP.1", ("hyphens or other separators",)),
        ("RED/LAMP", "RED-LAMP", ("hyphens or other separators",)),
        ("12-34", "12/34", ("hyphens or other separators",)),
        ("LAMP-01", "LAMP1", ("hyphens or other separators", "leading zeros")),
        ("00123", '="00123"', ("quotes",)),
        ("00123", "'00123", ("quotes",)),
        ("00123", "\u201900123", ("characters that look alike", "quotes")),
        ("123", '="00123"', ("quotes", "leading zeros")),
        ("90.750", "90.75", ("the format of a number",)),
        ("90,750", "90.75", ("the format of a number",)),
        ("12.0", "12", ("the format of a number",)),
        ("4E10", "4.00E+10", ("the format of a number",)),
        ("4E10", "40000000000", ("the format of a number",)),
        ("1.5E-3", "0.00150", ("the format of a number",)),
        ("AB-07", "ab-7 ", ("capitals", "spaces or invisible characters", "leading zeros")),
    ],
)
def test_skus_that_are_easily_mistaken_have_one_skeleton_and_differ_in_words(
    sku: str, other: str, by: tuple[str, ...]
) -> None:
    assert skeleton(sku) == skeleton(other)
    assert differences(sku, other) == by


@pytest.mark.parametrize(
    ("sku", "other"),
    [
        ("A10", "A1"),
        ("A10", "A01"),
        ("A-1-11", "A-11-1"),
        ("12-34", "1234"),
        ("90.75", "9.075"),
        ("0.05", "0.5"),
        ("1E-3", "1E-5"),
        ("4E10", "4E11"),
        ("1E999", "1"),
        ('A"B', "AB"),
        ("A", "B"),
        ("0A10", "A10"),
        ("A1B", "A1"),
        ("1O", "10"),
    ],
)
def test_skus_that_are_not_easily_mistaken_have_two(sku: str, other: str) -> None:
    assert skeleton(sku) != skeleton(other)


@given(st.text(st.characters(codec="ascii"), max_size=12))
def test_the_short_way_for_ascii_leads_to_the_same(sku: str) -> None:
    """A character beyond ASCII that is taken off again forces the long way."""
    assert skeleton(sku) == skeleton("\u200b" + sku)


def similar(w: World, sku: str) -> tuple[SimilarSku, ...]:
    while w.database.write(similar_skus.fill):
        pass
    disagreement = w.only(skus=(sku,))
    return w.database.read(find_facts.find, [disagreement.id])[disagreement.id].similar


def test_an_unlisted_sku_finds_the_one_that_its_channel_lacks(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(AB7=4, C=1))
        w.poll("shop", [record("ab007", 4, state="active"), *stock(C=1)])
        assert similar(w, "ab007") == (SimilarSku("AB7", counterpart=True),)
        assert similar(w, "AB7") == (SimilarSku("ab007", counterpart=True),)
        assert {disagreement.kind for disagreement in w.diff()} == {Kind.MISSING, Kind.UNLISTED}


def test_a_sku_that_the_channel_has_too_is_the_less_likely_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A7=4, a7=4))
        w.poll("shop", [*stock(A7=4), record("A07", 2, state="active")])
        assert similar(w, "A07") == (
            SimilarSku("a7", counterpart=True),
            SimilarSku("A7", counterpart=False),
        )


def test_a_missing_sku_is_not_like_one_that_both_sides_have(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", stock(A7=4, a7=4))
        w.poll("shop", stock(A7=4))
        assert similar(w, "a7") == ()


def test_a_lookalike_at_another_location_is_none(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [record("A7", 4, location="oslo", state="active")])
        w.poll("shop", [record("a7", 4, location="rome", state="active")])
        assert similar(w, "a7") == ()


def test_many_that_look_alike_are_not_named_but_few_of_them_elsewhere_are(
    tmp_path: Path,
) -> None:
    """A channel that lists thousands of them would otherwise be asked of each with each."""

    def zeros(count: int) -> list[Record]:
        return [record(f"A{'0' * n}7", 1) for n in range(1, count)]

    with world(tmp_path) as w:
        elsewhere = [record("A07", 1, location=f"P{n}") for n in range(similar_skus.LOOKALIKES_MAX)]
        w.poll("warehouse", [record("A7", 4)])
        w.poll("shop", [*zeros(similar_skus.LOOKALIKES_MAX), *elsewhere])
        assert similar(w, "A7")[0].counterpart
        w.poll("shop", [*zeros(similar_skus.LOOKALIKES_MAX + 1), *elsewhere])
        assert similar(w, "A7") == ()


def test_two_blank_skus_do_not_look_alike(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [record("\u200b", 4, state="active")])
        w.poll("shop", [record("\u200b\u200b", 4, state="active")])
        assert similar(w, "\u200b\u200b") == ()


def test_skeletons_are_filled_a_part_at_a_time_and_only_what_is_new(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert not w.database.read(similar_skus.is_behind)
        w.poll("warehouse", stock(A=1, B=1, C=1))
        assert w.database.read(similar_skus.is_behind)
        assert w.database.write(similar_skus.fill, at_once=2)
        assert not w.database.write(similar_skus.fill, at_once=2)
        w.poll("warehouse", stock(A=1, B=1, C=1, D=1))
        assert not w.database.write(similar_skus.fill)
        (count,) = w.database.read(
            lambda connection: connection.execute("SELECT count(*) FROM skeletons").fetchone()
        )
        assert count == 4


@pytest.mark.parametrize(
    "sku",
    [
        "4.00638E+12", "4,00638E+12", "4.00E+10", "4E+12", "03. Mar", "03. Mär", "3-Mar", "03-Mar",
        "Mar-03", "Mrz 03", "01-mars", "1-Mar-26", "01.03.2026", "3/1/2026", "2026-03-01",
        "2026-03-01 00:00:00", "#NAME?", "#WERT!", "#####",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_makes_of_a_sku_is_seen(sku: str) -> None:
    assert is_damaged(sku)


@pytest.mark.parametrize(
    "sku",
    ["4E10", "MAR-03", "DEC12", "LAMP-1", "Set-12", "12-34", "1/2", "4006381333931", "March", ""],
)
def test_what_somebody_called_so_is_not_taken_for_damage(sku: str) -> None:
    assert not is_damaged(sku)


def test_a_long_number_finds_what_a_spreadsheet_made_of_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.poll("warehouse", [record("4.00638E+12", 4), record("5,01E+12", 1)])
        w.poll("shop", [record("4006381333931", 4), record("5012345678900", 1)])
        assert similar(w, "4006381333931") == (SimilarSku("4.00638E+12", counterpart=True),)
        assert similar(w, "5012345678900") == (SimilarSku("5,01E+12", counterpart=True),)
        assert similar(w, "4.00638E+12") == ()


@given(st.integers(10**11, 10**14))
def test_a_long_number_has_the_forms_that_a_spreadsheet_shows(number: int) -> None:
    assert all(is_damaged(form) for form in damaged_forms(str(number)))
    assert f"{number:.2E}" in damaged_forms(str(number))
    assert damaged_forms(f"{number}x") == damaged_forms(str(number % 10**11)) == []
