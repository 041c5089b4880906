"""What the structure of the lists explains: other locations, missing components, near matches."""

import msgspec
import pytest

from store.causes.facts import (
    ComponentFacts,
    SimilarSku,
)
from store.model import Kind
from tests.sync.cause_case import cause_of, differs, kind_of


def test_each_structural_kind_is_a_cause_of_its_own() -> None:
    for kind in (Kind.MISSING, Kind.UNLISTED, Kind.DUPLICATE):
        assert kind_of(differs(None, None, kind=kind)) == kind


def test_a_bundle_without_a_component_says_which() -> None:
    parts = (
        ComponentFacts(1, "A", 2, "bundle", 9, None, 0),
        ComponentFacts(2, "B ", 1, "bundle", None, None, 0),
    )
    cause = cause_of(differs(4, None, kind=Kind.UNLISTED, sku="KIT"), parts=parts)
    assert cause.kind == "unlisted"
    assert "does not have its component 'B␠'" in cause.evidence


@pytest.mark.parametrize(
    ("kind", "at", "elsewhere", "words"),
    [
        (
            Kind.MISSING, "", "WH",
            ('shop lists it at location "WH", warehouse has it at no location: if that is the same '
            'stock, add locations = { "WH" = "" } to [channels.shop]'),
        ),
        (
            Kind.UNLISTED, "WH", "BER",
            ('shop lists it at location "WH", warehouse has it at location "BER": if that is the '
            'same stock, add locations = { "WH" = "BER" } to [channels.shop]'),
        ),
        (
            Kind.UNLISTED, "", "BER",
            ('shop lists it at no location, warehouse has it at location "BER": if that is the '
            'same stock, add locations = ["BER"] to [channels.shop]'),
        ),
    ],
)  # fmt: skip
def test_a_sku_that_both_sides_have_elsewhere_is_a_matter_of_locations(
    kind: Kind, at: str, elsewhere: str, words: str
) -> None:
    disagreement = msgspec.structs.replace(differs(4, 4, kind=kind), location=at)
    cause = cause_of(disagreement, elsewhere=(elsewhere,))
    assert (cause.kind, cause.confidence) == ("other location", 0.9)
    assert cause.evidence == words


def test_a_sku_that_looks_like_one_of_the_other_side_is_a_near_match() -> None:
    disagreement = differs(4, None, kind=Kind.UNLISTED, sku="ab-07 ")
    cause = cause_of(
        disagreement,
        similar=(SimilarSku("AB-7", counterpart=True), SimilarSku("ab-7", counterpart=False)),
    )
    assert (cause.kind, cause.confidence) == ("near match", 0.9)
    assert cause.evidence == (
        "shop lists 'ab-07␠', the authority has 'AB-7', which shop does not have (1 more looks "
        "like it, too); it differs by capitals and spaces or invisible characters and leading "
        "zeros: add an alias if they are the same"
    )
    missing = differs(None, 4, kind=Kind.MISSING, sku="AB-7")
    assert cause_of(missing, similar=(SimilarSku("ab-7", counterpart=True),)).evidence == (
        "warehouse has 'AB-7', shop does not and lists 'ab-7' instead; it differs by capitals: "
        "add an alias if they are the same"
    )


def test_what_a_spreadsheet_changed_is_a_near_match_and_says_so() -> None:
    missing = differs(None, 4, kind=Kind.MISSING, sku="00123")
    cause = cause_of(missing, similar=(SimilarSku("123", counterpart=True),))
    assert cause.kind == "near match"
    assert cause.evidence == (
        "warehouse has '00123', shop does not and lists '123' instead; it differs by leading "
        "zeros and looks changed by a spreadsheet: add an alias if they are the same"
    )
    ean = differs(4, None, kind=Kind.UNLISTED, sku="4006381333931")
    assert cause_of(ean, similar=(SimilarSku("4.00638E+12", counterpart=True),)).evidence == (
        "shop lists '4006381333931', the authority has '4.00638E+12', which shop does not have; "
        "looks changed by a spreadsheet: correct it there, or export that column as text"
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.MISSING, "warehouse has '03. Mar', shop does not"),
        (Kind.UNLISTED, "shop has '03. Mar', warehouse does not"),
    ],
)
def test_what_is_damaged_beyond_comparison_is_a_near_match_too(kind: Kind, words: str) -> None:
    damaged = differs(4, 4, kind=kind, sku="03. Mar")
    cause = cause_of(damaged)
    assert (cause.kind, cause.confidence) == ("near match", 0.6)
    assert cause.evidence == (
        f"{words.replace('. Mar', '.␠Mar')}; it looks changed by a spreadsheet: correct it there, "
        "or export that column as text"
    )
