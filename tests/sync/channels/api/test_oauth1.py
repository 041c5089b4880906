"""Signatures of OAuth 1.0a, by the examples of RFC 5849 and of WooCommerce."""

import hmac
from base64 import b64encode
from hashlib import sha1
from urllib.parse import parse_qsl, urlsplit

from store.model import Millis
from sync.channels.api.auth.oauth1 import OAuth1Proof, base_string
from sync.channels.api.auth.table import OAuth1Table
from sync.secrets import Secret, SecretSource

NOON: Millis = 1_764_158_400_000


class Noon:
    def now(self) -> Millis:
        return NOON

    async def sleep(self, span_ms: int) -> None:
        raise AssertionError(span_ms)


def proof(**keys: str) -> OAuth1Proof:
    table = OAuth1Table(key="ck_1", secret=SecretSource(env="CS"), **keys)  # type: ignore[arg-type]
    return OAuth1Proof(table, ("ck_1", Secret("cs_2", name="CS")), None, Noon())


def test_the_base_string_of_the_standard() -> None:
    """RFC 5849, 3.4.1.1: the query, a form and what OAuth adds, in one order."""
    base = base_string(
        "post",
        "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            ("c2", ""),
            ("a3", "2 q"),
        ],
    )

    assert base == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%25"
        "3D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7"
        "d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_toke"
        "n%3Dkkk9d7dh3k39sjv7"
    )


def test_the_signature_of_the_standard() -> None:
    """RFC 5849, 1.2: the request for a photo."""
    base = base_string(
        "GET",
        "http://photos.example.net/photos?file=vacation.jpg&size=original",
        [
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
        ],
    )
    made = hmac.new(b"kd94hf93k423kf44&pfkkdhi9sl3r4s00", base.encode(), sha1).digest()

    assert b64encode(made) == b"MdpQcU8iPSUjWoN/UDMsK2sui9I="


def test_each_try_has_a_nonce_of_its_own_and_replaces_an_earlier_signature() -> None:
    signer = proof()
    first = signer.sign("GET", "http://shop.example:8080/wc/v3/products?page=2&x=%5B1%5D", None)
    second = signer.sign("GET", first.url, None)

    one, two = (dict(parse_qsl(urlsplit(signed.url).query)) for signed in (first, second))
    assert len(parse_qsl(urlsplit(second.url).query)) == len(two) == 8
    assert (two["page"], two["x"]) == ("2", "[1]")
    assert one["oauth_nonce"] != two["oauth_nonce"]
    assert one["oauth_signature"] != two["oauth_signature"]
    assert two["oauth_timestamp"] == str(NOON // 1000)
    assert second.passing == (two["oauth_signature"],)
    assert "cs_2" not in second.url


def test_a_header_leaves_the_address_as_it_is() -> None:
    signed = proof(sent_in="header").sign("GET", "http://shop.example/a?page=2", None)

    assert signed.url == "http://shop.example/a?page=2"
    header = signed.headers["Authorization"]
    assert isinstance(header, str)
    assert header.startswith('OAuth oauth_consumer_key="ck_1", oauth_nonce="')
