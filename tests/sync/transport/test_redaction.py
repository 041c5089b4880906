"""A credential that a channel quotes back is struck out in whatever guise it comes."""

import base64
import html
import json
import random
import re
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.transport import encodings, redaction
from sync.transport.redaction import WORDS_LENGTH_MAX, Redactor

SECRET = "s3cret/To+ken &<é>"


def knowing(*values: str) -> Redactor:
    redactor = Redactor()
    redactor.learn(values)
    return redactor


GUISES = {
    "as it is": SECRET,
    "upper": SECRET.upper(),
    "lower": SECRET.lower(),
    "percent": quote(SECRET, safe=""),
    "percent, small": quote(SECRET, safe="").lower(),
    "percent, paths": quote(SECRET),
    "form": quote_plus(SECRET),
    "percent, twice": quote(quote(SECRET, safe=""), safe=""),
    "percent, all": "".join(f"%{byte:02X}" for byte in SECRET.encode()),
    "json": json.dumps(SECRET)[1:-1],
    "html": html.escape(SECRET),
    "hex": SECRET.encode().hex(),
    "HEX": SECRET.encode().hex().upper(),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64, url": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    "base64, percent": quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
    **{
        f"Basic, {user}": base64.b64encode(f"{user}:{SECRET}".encode()).decode()
        for user in ("a", "ab", "abc")
    },
    "Bearer": base64.b64encode(f"Bearer {SECRET} or so".encode()).decode(),
}


@pytest.mark.parametrize("guise", GUISES)
def test_a_secret_is_struck_out_in_every_guise(guise: str) -> None:
    shown = knowing(SECRET).text(f"bad key {GUISES[guise]} given")
    assert shown.startswith("bad key")
    assert shown.endswith("given")
    assert "•••" in shown
    assert len(shown) <= len("bad key ••• given") + 20
    assert "s3cret" not in shown.lower()


@pytest.mark.parametrize("guise", [str, str.upper, quote_plus, lambda s: s.encode().hex()])
def test_a_long_token_goes_whole(guise: Callable[[str], str]) -> None:
    token = "".join(random.Random(1).choices("abcdef0123456789.-_/", k=1_500))
    shown = knowing(token).text(f'{{"key": "{guise(token)}", "ok": 0}}')
    assert shown == '{"key": "•••", "ok": 0}'


def test_what_is_no_secret_stays() -> None:
    text = "the sec is 5%2F8 of kettle S3-CRET; see /stock?page=2"
    assert knowing(SECRET, "ab").text(text) == text.replace("ab", "•••")


def test_a_short_secret_hides_only_itself() -> None:
    assert knowing("no").text("No, nothing; no") == "No, •••thing; •••"


def test_of_two_secrets_the_longer_counts() -> None:
    assert knowing("key-1", "key-12345").text("key-12345 and key-1") == "••• and •••"


def test_a_long_text_is_not_cut_through_a_secret() -> None:
    for length in range(7_900, 8_400, 7):
        shown = knowing(SECRET).text(" " * length + SECRET + "x" * 20_000)
        assert "s3cret" not in shown
        assert len(shown) <= WORDS_LENGTH_MAX


def test_a_hostile_text_costs_little() -> None:
    token = "".join(random.Random(1).choices("abcdef0123456789.-_", k=2_000))
    redactor = knowing(token)
    start = time.process_time()
    for text in (token[:-1] * 50, "%" * 100_000, "a" * 100_000, "\\" * 100_000, "%25" * 40_000):
        redactor.text(text)
    assert time.process_time() - start < 2


FRAPPE = {
    "exception": "erpnext.stock.stock_ledger.NegativeStockError: 5.0 units of <b>A</b> needed",
    "exc_type": "NegativeStockError",
    "exc": json.dumps(["Traceback (most recent call last): secret.py"]),
}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "5.0 units of A needed"),
        (
            ["Removed items", "Row # 1: <strong>A</strong> is disabled<br>"],
            "Row # 1: A is disabled",
        ),
        (["User <b>ana</b> may read if a < b > c"], "User ana may read if a < b > c"),
        ([""], "5.0 units of A needed"),
        ([], "5.0 units of A needed"),
        ("not JSON", "5.0 units of A needed"),
    ],
)
def test_what_frappe_says_is_its_last_message_and_never_its_traceback(
    told: list[str] | str | None, words: str
) -> None:
    body: dict[str, object] = dict(FRAPPE)
    if isinstance(told, list):
        body["_server_messages"] = json.dumps([json.dumps({"message": text}) for text in told])
    elif told is not None:
        body["_server_messages"] = told

    assert knowing(SECRET).words(json.dumps(body).encode()) == words


def test_an_exception_without_words_is_named_by_its_class() -> None:
    body = {"exception": "frappe.exceptions.PermissionError", "exc_type": "PermissionError"}

    assert knowing().words(json.dumps(body).encode()) == "frappe.exceptions.PermissionError"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!DOCTYPE html><title>Just a\n moment...</title><p>x", 'a web page, "Just a moment..."'),
        (
            b"<!doctype html>\n<title>503 Gone</title>\n<h1>Gone</h1>\n<p>Database &#39;x&#39;</p>",
            'a web page, "503 Gone": "Database \'x\'"',
        ),
        (b"\xef\xbb\xbf<html><body><h1>403 <b>Forbidden</b></h1>", 'a web page, "403 Forbidden"'),
        (b"<html><p>Go away</p></html>", "<html><p>Go away</p></html>"),
        (b"<html><title", "<html><title"),
        (b"<html>" + b"<title" * 9_000, f"{'<html>' + '<title' * 32}<…"),
        (b"<b>bold</b> words", "<b>bold</b> words"),
        (b'{"message": "<html>"}', "<html>"),
    ],
)
def test_a_page_for_people_is_said_by_its_title(body: bytes, said: str) -> None:
    assert Redactor().words(body) == said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"errors":[{"message":"No.","details":"It has expired."}]}', "No. It has expired."),
        (b'{"errors":[{"message":"No: why","details":"why"}]}', "No: why"),
        (b'{"errors":[{"message":"No.","details":""}]}', "No."),
        (b'{"message":"No.","details":{"a":1}}', "No."),
    ],
)
def test_the_details_of_an_error_stand_behind_its_message(body: bytes, words: str) -> None:
    assert Redactor().words(body) == words


def test_a_new_token_costs_no_compiling_of_those_that_are_known() -> None:
    redactor = Redactor()
    redactor.learn_passing(f"t0ken-before-{number}" for number in range(10))
    redactor.struck("t0ken-before-3")
    before = redaction._beginning.cache_info().misses

    redactor.learn_passing(["t0ken-the-newest"])

    assert redactor.struck("t0ken-the-newest, t0ken-before-3") == "•••, •••"
    assert redaction._beginning.cache_info().misses == before + 1


def test_only_a_secret_that_may_be_quoted_is_looked_for_in_every_guise() -> None:
    before = redaction._pattern.cache_info().misses
    assert knowing("an0ther-one", "a-th1rd-one").text("HTTP 503: an error") == "HTTP 503: an error"
    assert redaction._pattern.cache_info().misses == before


@given(
    st.text(min_size=1, max_size=60),
    st.sampled_from(
        [str, quote, quote_plus, json.dumps, html.escape]
        + [lambda text, user=user: _base64(user + text) for user in ("", "a", "ab", "abc")]
        + [lambda text: text.encode().hex()]
    ),
    st.integers(0, 400),
)
def test_what_shows_that_a_secret_may_be_quoted_misses_none_of_its_guises(
    secret: str, guise: Callable[[str], str], cut: int
) -> None:
    for text in (guise(secret), f"{guise(secret)[:cut]}…"):
        if re.search(encodings.pattern(secret), text, re.IGNORECASE):
            assert re.search(encodings.beginning(secret), text, re.IGNORECASE)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
