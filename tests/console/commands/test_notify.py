"""`skew notify`: who is told of what, and a message to try it."""

from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Answer, ReceivedRequest, serving

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

NOTIFY = """
[[notify]]
url = { env = "CHAT" }
on = ["incident", "oversell > 100"]
quiet = "22:00-07:00 Europe/Berlin"
"""


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_KEY", "key-of-the-shop")


def test_it_lists_who_is_told_of_what(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT", "json://127.0.0.1/secret-path")
    seeded.write_text(seeded.read_text() + NOTIFY)

    ran = skew("notify")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "CHAT: incident, oversell > 100; quiet 22:00-07:00 Europe/Berlin\n"


@pytest.mark.long
def test_a_test_message_arrives(seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[dict[str, Any]] = []

    def answer(asked: ReceivedRequest) -> Answer:
        received.append(asked.json)
        return Answer({})

    seeded.write_text(seeded.read_text() + NOTIFY)
    with serving(answer) as server:
        monkeypatch.setenv("CHAT", server.url.replace("http://", "json://"))
        ran = skew("notify", "--test")

    assert (ran.code, ran.out) == (0, "✓ CHAT took it\n")
    [message] = received
    assert message["title"].endswith(": test")
    assert "incident, oversell > 100" in message["message"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("json://127.0.0.1:9/secret-path", "✖ CHAT did not take it"),
        ("nosuch://secret-path", "Apprise does not know this kind of URL"),
    ],
)
def test_a_place_that_takes_none_exits_1_and_is_not_printed(
    seeded: Path, skew: Any, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv("CHAT", url)
    seeded.write_text(seeded.read_text() + NOTIFY)

    ran = skew("notify", "--test")

    assert ran.code == 1
    assert words in ran.out + ran.err
    assert "secret-path" not in ran.out + ran.err


def test_nobody_to_tell_exits_1(seeded: Path, skew: Any) -> None:
    ran = skew("notify")

    assert ran.code == 1
    assert "nobody is notified: add [[notify]]" in ran.err


@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('on = ["incidents"]', "notify[0].on"),
        ("on = []", "`on` is empty"),
        ('on = ["incident"]\nquiet = "night"', "notify[0].quiet"),
        ('on = ["incident"]\nmute = 1', "notify[0].mute"),
    ],
)
def test_what_is_wrong_is_named(seeded: Path, skew: Any, line: str, words: str) -> None:
    seeded.write_text(f'{seeded.read_text()}[[notify]]\nurl = {{ env = "HOME" }}\n{line}\n')

    ran = skew("notify")

    assert ran.code == 2
    assert words in ran.err


def test_a_url_in_the_file_is_refused(seeded: Path, skew: Any) -> None:
    seeded.write_text(f'{seeded.read_text()}[[notify]]\nurl = "json://x"\non = ["incident"]\n')

    ran = skew("notify")

    assert ran.code == 2
    assert "a secret must not be in the file" in ran.err
