"""One word for one act, in every document that an operator reads."""

import re

import pytest

from tests.documents.texts import DOCUMENTS

OLD = (r"believe\w*", r"ask(?:ed|s)? anew", r"asked for anew", r"heard of", r"by hand", r"had them")
"""Words that another stands for: accept, retry, or the plain one."""

GENERATED = re.compile(r"<!-- The keys:.*<!-- End of the keys. -->", re.DOTALL)


@pytest.mark.parametrize("name", sorted(DOCUMENTS.keys() - {"CHANGELOG.md"}))
def test_no_document_uses_an_old_word(name: str) -> None:
    """The changelog tells what the words were; the keys are held against the code's own titles."""
    text = GENERATED.sub("", DOCUMENTS[name])
    assert re.findall("|".join(OLD), text, re.IGNORECASE) == []
