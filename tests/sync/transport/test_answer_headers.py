"""An answer's headers say what httpx's own say."""

import httpx
from hypothesis import given
from hypothesis import strategies as st

from sync.transport.call import AnswerHeaders

NAMES = st.sampled_from([b"Link", b"link", b"X-Total", b"x-TOTAL", b"ETag"])
VALUES = st.binary(max_size=6) | st.sampled_from([b"7", "größer".encode(), b"gr\xf6\xdfer"])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_they_are_read_as_httpx_reads_them(raw: list[tuple[bytes, bytes]]) -> None:
    ours, theirs = AnswerHeaders(raw), httpx.Headers(raw)
    assert dict(ours) == dict(theirs)
    assert len(ours) == len(set(theirs.keys()))
    for name in ("LINK", "x-total", "etag", "date"):
        assert ours.get(name) == theirs.get(name)
        assert ours.get(name, "none") == theirs.get(name, "none")
        assert (name in ours) == (name in theirs)
        if name in ours:
            assert ours[name] == theirs[name]
