"""How texts are made fit for messages: credentials struck out, a channel's text cut and cleaned.

There is one Redactor per channel, in its Transport; the channel files quote through it.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import msgspec

from sync.transport import encodings

WORDS_LENGTH_MAX = 200
_HIDDEN = "•••"
_READ_MAX = 8_000
"""A channel's text is read no further: much more of it than is ever shown."""
_PAGE_DIGITS_MAX = 9
"""A query value of this many digits is a page or an offset, which helps; no credential is."""
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)
"""Control characters, and lone surrogates, which no file and no cache can take."""
_WORDY = ("message", "error_description", "error", "detail", "title", "errors", "reason")
_NESTING_MAX = 4


class Redactor:
    """Knows every credential that its channel has sent, and strikes it out of every text."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        """Each secret that was sent, and what matches it."""
        self._hidden: re.Pattern[str] | None = None
        self._room = _READ_MAX

    def learn(self, secrets: Iterable[str]) -> None:
        """Remember the secrets that are about to be sent."""
        new = set(secrets) - self._known.keys() - {""}
        if not new:
            return
        self._known |= {value: encodings.pattern(value) for value in new}
        # The longest first: one secret may be the beginning of another.
        patterns = [self._known[value] for value in sorted(self._known, key=len, reverse=True)]
        self._hidden = re.compile("|".join(patterns), re.IGNORECASE)
        self._room = _READ_MAX + encodings.LONGER_TIMES * max(map(len, self._known))

    def text(self, text: str) -> str:
        """Make a text one line, cut, without control characters or a credential of ours."""
        is_cut = len(text) > self._room
        if self._hidden is not None:
            text = self._hidden.sub(_HIDDEN, text[: self._room])
        if is_cut:
            # The cut may have gone through a secret, whose half nothing would recognise.
            text = text[: len(text) - (self._room - _READ_MAX)]
        text = _UNSAFE.sub("\ufffd", " ".join(text.split()))
        return text if len(text) <= WORDS_LENGTH_MAX else text[: WORDS_LENGTH_MAX - 1] + "…"

    def url(self, url: str) -> str:
        """Write a URL without its user and fragment, and of its query only the small numbers."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return "an unreadable URL"
        query = "&".join(
            f"{name}={value if value.isdecimal() and len(value) <= _PAGE_DIGITS_MAX else _HIDDEN}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
        host = parts.netloc.rpartition("@")[2]
        return self.text(urlunsplit((parts.scheme, host, parts.path, query, "")))

    def reason(self, error: Exception) -> str:
        """An exception's own text, or its class where it has none."""
        return self.text(str(error)) or type(error).__name__

    def words(self, body: bytes) -> str:
        """What an error's body says: its JSON's message, or the start of its text."""
        return self.text(_message(body)) or "no reason given"


def _message(body: bytes) -> str:
    """Find the sentence in an error's body, whatever shape the channel gives it."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body[: 8 * WORDS_LENGTH_MAX].decode("utf-8", "replace")
    for _ in range(_NESTING_MAX):
        if isinstance(found, list) and found:
            found = found[0]
        elif isinstance(found, dict):
            found = next((found[key] for key in _WORDY if found.get(key)), str(found))
        else:
            break
    return found if isinstance(found, str) else str(found)
