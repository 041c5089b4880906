"""What a channel's answers announce reaches whoever looks, in `skew incidents` and `check`."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import run
from tests.loopback import Answer, ReceivedRequest, serving

CONFIGURATION = """
[skew]
database = "skew.db"
[authority]
quantity = "shop"
[channels.shop]
kind = "http"
url = "{url}/v1/stock"
items = "items"
[channels.shop.fields]
sku = "sku"
available = "available"
"""
OLD = {
    "Deprecation": "@1767225600",
    "Sunset": "Thu, 31 Dec 2037 23:59:59 GMT",
    "Link": '<https://shop.example/v2>; rel="deprecation"',
}
WORDS = (
    "GET /v1/stock is deprecated since 2026-01-01 and ends on 2037-12-31; "
    "see https://shop.example/v2"
)


def test_a_deprecation_is_an_incident_until_it_ceases(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = dict(OLD)
    body = {"items": [{"sku": "A", "available": 3}]}
    path = tmp_path / "skew.toml"

    def answer(_: ReceivedRequest) -> Answer:
        return Answer(body, headers=headers)

    def told(*words: str) -> Any:
        run([*words, "--json", "--config", str(path)])
        return json.loads(capsys.readouterr().out)

    with serving(answer) as server:
        path.write_text(CONFIGURATION.format(url=server.url))
        for _ in range(2):
            told("poll")
            [incident] = told("incidents")["incidents"]
            assert (incident["channel"], incident["kind"]) == ("shop", "deprecation")
            assert incident["message"] == WORDS
            assert incident["count"] == 1, "it is raised once"
        [online] = told("check", "--online")["online"]
        assert (online["ok"], online["warnings"]) == (True, [WORDS])

        headers.clear()
        told("poll")
        assert told("incidents")["incidents"] == []
