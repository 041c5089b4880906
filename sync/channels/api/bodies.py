"""The body of an answer: JSON, or what it is instead."""

import re

from sync import values
from sync.channels.api import complaints
from sync.errors import ContractBroken
from sync.transport.redaction import Redactor

_LOOKED_AT = 4_000
_TAG = re.compile(r"<[^>]*>")
_PHP_NOTICE = re.compile(
    r"(php )?(warning|notice|deprecated|strict standards|(catchable )?fatal error|parse error)"
    r"\s*: ",
    re.IGNORECASE,
)


class WebPageInstead(ContractBroken):
    """A page for people, such as the form to sign in, where JSON belongs."""


def json_of(body: bytes, *, subject: str, place: str, redactor: Redactor) -> object:
    """Decode a body. Raises ContractBroken, in the channel's words where it has some."""
    try:
        return values.json_value(body)
    except ValueError as error:
        quoted = redactor.text(complaints.first_words(body))
        if complaints.is_web_page(body):
            words = f'sent no JSON: a web page instead: "{quoted}"'
            raise WebPageInstead(words, path=place, subject=subject) from error
        reason = redactor.reason(error)
        if notice := php_notice(body):
            raise ContractBroken(
                f'sent no JSON: a message of PHP stands before it: "{redactor.text(notice)}". Turn '
                "off that PHP shows them (display_errors; in WordPress WP_DEBUG_DISPLAY)",
                path=place, subject=subject,
            ) from error  # fmt: skip
        if complaints.is_said_to_be_an_error(body):
            reason = f'"{quoted}"'
        raise ContractBroken(f"sent no JSON: {reason}", path=place, subject=subject) from error


def php_notice(body: bytes) -> str:
    """What PHP says in front of an answer, where its messages are shown; empty where nothing."""
    if complaints.is_web_page(body):
        return ""
    text = _TAG.sub(" ", body[:_LOOKED_AT].decode("utf-8", "replace")).strip()
    return text.partition("\n")[0].strip() if _PHP_NOTICE.match(text) else ""
