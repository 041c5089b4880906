"""Who runs the engine, what is asked of it, and the trouble that it reports."""

from pathlib import Path

import pytest

from store.channels import incidents
from store.database import lease
from store.errors import NoSuchThing
from store.model import (
    IncidentKind,
)
from tests.store.world import world


def test_a_lease_is_one_holders_until_it_expires(tmp_path: Path) -> None:
    with world(tmp_path) as w:

        def take(name: str, at: int) -> str:
            taken = w.database.write(lease.acquire, holder=name, token=name, now=at, span_ms=1000)
            return taken.holder

        assert take("a", 0) == "a"
        assert take("b", 999) == "a"
        assert w.database.write(lease.renew, token="a", now=900, span_ms=1000)
        assert take("b", 1500) == "a"
        assert take("b", 1900) == "b"
        assert not w.database.write(lease.renew, token="a", now=2000, span_ms=1000)
        w.database.write(lease.release, token="a")
        assert w.database.read(lease.current, now=2000) is not None
        w.database.write(lease.release, token="b")
        assert w.database.read(lease.current, now=2000) is None


def test_a_request_is_taken_once_and_answered(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        asked = w.database.write(lease.ask, "poll", "shop", who="ana", now=w.now)
        assert w.database.read(lease.answered, asked) is None
        (taken,) = w.database.write(lease.take_requests, now=w.now)
        assert (taken.id, taken.what, taken.channel) == (asked, "poll", "shop")
        assert w.database.write(lease.take_requests, now=w.now) == []
        w.database.write(lease.answer, asked, now=w.now, ok=True, result="good")
        answer = w.database.read(lease.answered, asked)
        assert answer is not None
        assert (answer.ok, answer.result) == (True, "good")
        w.database.write(lease.ask, "apply", None, who="ana", now=w.now + 3 * lease.REQUEST_KEPT_MS)
        assert w.database.read(lease.answered, asked) is None


def test_an_incident_is_raised_once_and_counted(tmp_path: Path) -> None:
    with world(tmp_path) as w:

        def trouble(words: str) -> bool:
            kind = IncidentKind.CREDENTIALS
            return w.database.write(incidents.raise_incident, "shop", kind, words, now=w.now)

        assert trouble("401") is True
        assert trouble("401 again") is False
        (incident,) = w.database.read(incidents.open_incidents)
        assert (incident.channel, incident.count, incident.message) == ("shop", 2, "401 again")
        w.database.write(incidents.acknowledge, incident.id, who="ana", now=w.now)
        assert w.database.read(incidents.open_incidents)[0].acknowledged_by == "ana"
        w.database.write(incidents.resolve, "shop", IncidentKind.CREDENTIALS, now=w.now)
        assert w.overview().incidents == 0
        assert trouble("401 once more") is True
        with pytest.raises(NoSuchThing):
            w.database.write(incidents.acknowledge, 99, who="ana", now=w.now)
