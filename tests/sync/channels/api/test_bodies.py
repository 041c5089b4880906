"""What a body is that is not JSON."""

import pytest

from sync.channels.api import bodies


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'<br />\n<b>Warning</b>:  Undefined key in <b>a.php</b> on line 3<br />\n{"id": 1}',
         "Warning :  Undefined key in  a.php  on line 3"),
        (b"PHP Deprecated: strlen() in b.php\n[]", "PHP Deprecated: strlen() in b.php"),
        (b'{"message": "Warning: low stock"}', ""),
        (b"<!DOCTYPE html><title>Warning: closed</title>", ""),
        (b"", ""),
    ],
)  # fmt: skip
def test_a_message_of_php_is_found_in_front_of_an_answer(body: bytes, said: str) -> None:
    assert bodies.php_notice(body).split() == said.split()
