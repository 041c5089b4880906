"""The identities of a listing as one text."""

import pytest

from sync.channels.http import refs


@pytest.mark.parametrize(
    ("ref", "ids", "text"),
    [
        ("gid-7", {}, "gid-7"),
        ("", {}, ""),
        (7, {}, '{"ref":7}'),
        (7, {"parent": "a/b", "level": 3}, '{"ref":7,"parent":"a/b","level":3}'),
        ("", {"parent": 7}, '{"parent":7}'),
    ],
)
def test_what_is_packed_comes_out_again_in_its_own_type(
    ref: str | int, ids: dict[str, str | int], text: str
) -> None:
    assert refs.packed(ref, ids) == text
    own = {} if ref == "" else {"ref": ref}
    assert refs.unpacked(text) == {**own, **ids}


@pytest.mark.parametrize("text", ["{", '{"a":[1]}', "{x}", '{"a":1.5}'])
def test_an_id_that_only_looks_packed_is_a_ref(text: str) -> None:
    assert refs.unpacked(text) == {"ref": text}


@pytest.mark.parametrize(
    ("text", "known", "whole"),
    [
        ("", '{"ref":7,"parent":1}', '{"ref":7,"parent":1}'),
        ("7", '{"ref":7,"parent":1}', '{"ref":7,"parent":1}'),
        ("8", '{"ref":7,"parent":1}', '{"ref":"8","parent":1}'),
        ("7", "7", "7"),
        ("8", "7", "8"),
        ("", "7", "7"),
        ("7", "", "7"),
    ],
)
def test_what_an_answer_does_not_say_stays_known(text: str, known: str, whole: str) -> None:
    assert refs.joined(text, known) == whole
