"""When two names are one person's."""

import pytest

from store.people import is_machine, is_same


@pytest.mark.parametrize(
    "other", ["ana", "Ana", "ANA", "ana ", "\tana", "ana\u200b", "a\u00adna", "\uff41na", "ana\n"]
)
def test_one_person_written_in_several_ways_is_one(other: str) -> None:
    assert is_same("ana", other)


@pytest.mark.parametrize("other", ["ben", "anna", "ana b", "", "\u200b"])
def test_other_names_are_others(other: str) -> None:
    assert not is_same("ana", other)


@pytest.mark.parametrize("name", ["skew", "rule", "Skew", " RULE ", "ru\u200ble"])
def test_the_machines_names_are_known_however_they_are_written(name: str) -> None:
    assert is_machine(name)
