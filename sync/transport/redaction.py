"""How texts are made fit for messages: credentials struck out, a channel's text cut and cleaned.

There is one Redactor per channel, in its Transport; the channel files quote through it.
"""

import functools
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
_WORDY = (
    "message",
    "error_description",
    "error",
    "detail",
    "title",
    "errors",
    "reason",
    "exception",
)
_SERVER_MESSAGES = "_server_messages"
"""Frappe's: JSON in a text in a list in a text, the last one being the error (frappe.throw)."""
_MARKUP = re.compile(r"</?(?:a|b|br|code|em|i|li|ol|p|strong|ul)\b[^<>]*>", re.IGNORECASE)
_EXCEPTION = re.compile(r"[a-z_]+(?:\.\w+)+:\s+(?=\S)")
"""The class before an exception's text: `frappe.exceptions.ValidationError: …`."""
_NESTING_MAX = 4
_PAGE = re.compile(r"[\ufeff\s]*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1)\b[^>]{0,200}>(.{1,500}?)</\1", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_AFTER_HEADING = re.compile(
    r"</h1>\s{0,20}<p\b[^>]{0,200}>(.{1,1000}?)</p>", re.IGNORECASE | re.DOTALL
)
"""The paragraph in which a server's own page says why: the database that is not there."""
PASSING_MAX = 16
"""Of what is given or made for a while so much is remembered: a token or a signature for each of
the requests that may be on their way, and those before them."""


class Redactor:
    """Knows every credential that its channel has sent, and strikes it out of every text."""

    def __init__(self) -> None:
        self._kept: set[str] = set()
        """The secrets of the configuration that were sent."""
        self._passing: dict[str, None] = {}
        """The newest of what was only given or made for a while, in the order of its coming."""
        self._hidden: list[str] = []
        """All of them, the longest first: one secret may be the beginning of another."""
        self._is_known = True
        """Whether `_hidden` has all of it."""
        self._room = _READ_MAX

    def learn(self, secrets: Iterable[str]) -> None:
        """Remember the secrets that are about to be sent."""
        new = set(secrets) - self._kept - self._passing.keys() - {""}
        if new:
            self._kept |= new
            self._is_known = False

    def learn_passing(self, values: Iterable[str]) -> None:
        """Remember the newest tokens and signatures; the oldest, which are worth nothing, go."""
        # A daemon signs in a hundred times a day. Without a bound it would look for every token of
        # a year in each text.
        new = [value for value in values if value and value not in self._passing]
        if new:
            self._passing |= dict.fromkeys(new)
            for value in list(self._passing)[:-PASSING_MAX]:
                del self._passing[value]
            self._is_known = False

    def _sort_out(self) -> None:
        self._hidden = sorted({*self._kept, *self._passing}, key=len, reverse=True)
        self._room = _READ_MAX + encodings.LONGER_TIMES * max(map(len, self._hidden), default=0)
        self._is_known = True

    def struck(self, text: str) -> str:
        """Strike our credentials out of a message of our own, which is short and clean."""
        if not self._is_known:
            self._sort_out()
        return self._without_secrets(text)

    def _without_secrets(self, text: str) -> str:
        # All guises of one secret take 50 to 100 ms to compile, on the loop that polls: only where
        # one of them may have begun. Each by itself, so that a new token costs no other's.
        for secret in self._hidden:
            if _beginning(secret).search(text):
                text = _pattern(secret).sub(_HIDDEN, text)
        return text

    def text(self, text: str) -> str:
        """Make a text one line, cut, without control characters or a credential of ours."""
        if not self._is_known:
            self._sort_out()
        is_cut = len(text) > self._room
        text = self._without_secrets(text[: self._room])
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
        """What an error's body says: its JSON's message, a page's title, or its first words."""
        return self.text(_message(body)) or "no reason given"


@functools.lru_cache(maxsize=256)
def _beginning(secret: str) -> re.Pattern[str]:
    return re.compile(encodings.beginning(secret), re.IGNORECASE)


@functools.lru_cache(maxsize=256)
def _pattern(secret: str) -> re.Pattern[str]:
    return re.compile(encodings.pattern(secret), re.IGNORECASE)


def _message(body: bytes) -> str:
    """Find the sentence in an error's body, whatever shape the channel gives it."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _of_page(body[: 10 * _READ_MAX].decode("utf-8", "replace"))
    for _ in range(_NESTING_MAX):
        if isinstance(found, list) and found:
            found = found[0]
        elif isinstance(found, dict):
            found = _of_frappe(found) or _sentence(found)
        else:
            break
    return found if isinstance(found, str) else str(found)


def _filled(words: str, parameters: object) -> str:
    """Put in what a sentence leaves open: Magento's "isn't authorized to access %resources."."""
    if isinstance(parameters, list):
        parameters = {str(number): value for number, value in enumerate(parameters, 1)}
    if not isinstance(parameters, dict):
        return words
    for name in sorted(map(str, parameters), key=len, reverse=True):
        words = words.replace(f"%{name}", str(parameters.get(name, "")))
    return words


def _sentence(found: dict[str, object]) -> object:
    """What of an object says what is wrong, with its details where it has some beside."""
    words = next((found[key] for key in _WORDY if found.get(key)), str(found))
    if isinstance(words, str):
        words = _filled(words, found.get("parameters"))
    details = found.get("details")
    # Amazon: "Access to requested resource is denied." and beside it why.
    if isinstance(words, str) and isinstance(details, str) and details and details not in words:
        return f"{words} {details}"
    return words


def _of_frappe(found: dict[str, object]) -> str:
    """What an error of Frappe's says, without its traceback; empty for any other answer."""
    told = found.get(_SERVER_MESSAGES)
    if isinstance(told, str):
        try:
            last = msgspec.json.decode(msgspec.json.decode(told, type=list[str])[-1])
        except (msgspec.DecodeError, IndexError, RecursionError):
            last = None
        words = last.get("message") if isinstance(last, dict) else None
        if isinstance(words, str) and words.strip():
            return _MARKUP.sub(" ", words)
    exception = found.get("exception")
    if "exc_type" in found and isinstance(exception, str):
        return _MARKUP.sub(" ", _EXCEPTION.sub("", exception, count=1))
    return ""


def _of_page(text: str) -> str:
    """The title of a page for people, such as a firewall's; any other text as it is."""
    title = _TITLE.search(text) if _PAGE.match(text) else None
    words = _of_markup(title[2]) if title is not None else ""
    if not words:
        return text
    why = _AFTER_HEADING.search(text)
    more = _of_markup(why[1]) if why is not None else ""
    return f'a web page, "{words}"' + (f': "{more}"' if more else "")


def _of_markup(text: str) -> str:
    import html

    return html.unescape(" ".join(_TAG.sub(" ", text).split()))
