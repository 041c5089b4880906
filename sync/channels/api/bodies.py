"""The body of an answer: JSON, or what it is instead."""

from sync import values
from sync.channels.api import complaints
from sync.errors import ContractBroken
from sync.transport.redaction import Redactor


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
        if complaints.is_said_to_be_an_error(body):
            reason = f'"{quoted}"'
        raise ContractBroken(f"sent no JSON: {reason}", path=place, subject=subject) from error
