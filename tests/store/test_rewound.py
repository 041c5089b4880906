"""The cache as it stood: whatever the live views said then, the rewound ones say afterwards."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.database import Database
from store.model import Incident
from tests.store.life import Life, ask, channels, first_polls
from tests.store.world import world


def promised(told: dict[str, Any]) -> dict[str, Any]:
    """What the views said, without what is not kept: see `store.rewound`."""
    status = told["status"]
    health = (
        replace(one, next_poll_at=None, unexplained=None, listings=0) for one in status.channels
    )
    told = told | {
        "incidents": [_last_said(one) for one in told["incidents"]],
        "rows": [replace(one, last_seen_at=0) for one in told["rows"]],
    }
    told["status"] = replace(
        status,
        channels=tuple(health),
        overview=replace(status.overview, skus=0),
        incidents=tuple(_last_said(one) for one in status.incidents),
        lease=None,
    )
    return told


def _last_said(incident: Incident) -> Incident:
    return replace(incident, count=1, last_at=incident.since, message="")


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(5, 40))
def test_whatever_was_shown_then_is_shown_again(data: st.DataObject, acts: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        world(Path(folder), *channels()) as w,
    ):
        life = Life(w, lambda below: data.draw(st.integers(0, below - 1)))
        first_polls(life)
        life.live(acts)

        with Database.open(w.database.path, at=w.now) as then:
            for said in reversed(life.said):
                if any(since <= said.at < until for since, until in life.doubtful):
                    continue
                then.rewind(said.at)
                found = promised(ask(then, said.at))
                for name, told in promised(said.told).items():
                    assert found[name] == told, f"{name} at {said.at}"
