"""docs/monitoring: the alert rules and the dashboard, held against a real scrape and promtool."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from store.database.connection import Database
from store.monitoring import reading
from sync.clock import SystemClock
from sync.serving.metrics import Metrics
from tests.console.command_shop import seed

MONITORING = Path(__file__).parents[2] / "docs/monitoring"
ALERTS = (MONITORING / "alerts.yml").read_text()
DASHBOARD: dict[str, Any] = json.loads((MONITORING / "grafana.json").read_text())
NAME = re.compile(r"\b(?:skew|process)_[a-z_]+")
PROMTOOL = shutil.which("promtool")


@pytest.fixture
def scrape(tmp_path: Path) -> str:
    seed(tmp_path)
    with Database.open(tmp_path / "skew.db") as database:
        now = SystemClock().now()
        mark = reading.Mark(poll=0, step=0)
        found = database.read(reading.read, mark, now=now)
    return Metrics().text(found, holding=True).decode()


def names_in(scrape: str) -> set[str]:
    """The metrics that there are, each type's own endings included."""
    return set(re.findall(r"^# TYPE (\w+)", scrape, re.MULTILINE)) | {
        line.partition("{")[0].partition(" ")[0]
        for line in scrape.splitlines()
        if not line.startswith("#")
    }


def test_every_metric_of_the_rules_and_the_dashboard_is_scraped(scrape: str) -> None:
    asked = set(NAME.findall(ALERTS)) | {
        name
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
        for name in NAME.findall(target["expr"])
    }
    assert len(asked) > 8
    # An update that has ended is counted; this cache has none.
    assert asked - {"skew_updates_total"} <= names_in(scrape)
    assert "# TYPE skew_updates_total counter" in scrape


def test_every_panel_has_an_id_a_title_and_a_query_of_its_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert all(target["expr"] for panel in panels for target in panel["targets"])


def promtool(*args: str, said: str | None = None) -> "subprocess.CompletedProcess[str]":
    if PROMTOOL is None:
        pytest.skip("promtool is missing: it is in Debian's package prometheus")
    return subprocess.run(
        [PROMTOOL, *args], input=said, capture_output=True, text=True, check=False
    )


def test_promtool_takes_the_rules() -> None:
    ran = promtool("check", "rules", str(MONITORING / "alerts.yml"))

    assert (ran.returncode, "8 rules found" in ran.stdout) == (0, True), ran.stderr


def test_promtool_finds_nothing_wrong_with_a_scrape(scrape: str) -> None:
    ran = promtool("check", "metrics", said=scrape)

    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


RULE_TESTS = """
rule_files: [{alerts}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'skew_oversell_units{{channel="shop"}}', values: '0 150+0x20'}}
      - {{series: 'skew_oversell_units{{channel="market"}}', values: '100+0x20'}}
      - {{series: 'skew_lease_held', values: '1 1 0x20'}}
      - {{series: 'skew_channel_fresh{{channel="new"}}', values: '0x30'}}
      - {{series: 'skew_channel_fresh{{channel="old"}}', values: '0x30'}}
      - {{series: 'skew_channel_last_success_timestamp_seconds{{channel="old"}}', values: '0x30'}}
      - {{series: 'skew_updates_total{{channel="shop",result="failed"}}', values: '0+1x30'}}
      - {{series: 'skew_updates_total{{channel="shop",result="verified"}}', values: '0+50x30'}}
    alert_rule_test:
      - eval_time: 20m
        alertname: SkewOverselling
        exp_alerts:
          - exp_labels: {{severity: critical, channel: shop}}
            exp_annotations:
              summary: "shop offers 150 units that are not there."
              description: "`skew watch` shows which, and what would correct them."
      - eval_time: 10m
        alertname: SkewWithoutLease
        exp_alerts:
          - exp_labels: {{severity: critical}}
            exp_annotations:
              summary: "Skew on  runs and does not work."
              description: "Another engine has the lease, or the cache can't be written to."
      - eval_time: 14m
        alertname: SkewChannelNeverRead
        exp_alerts: []
      - eval_time: 20m
        alertname: SkewChannelNeverRead
        exp_alerts:
          - exp_labels: {{severity: warning, channel: new}}
            exp_annotations:
              summary: "new was never read."
              description: "`skew check --online` tries its address and its credentials."
      - eval_time: 20m
        alertname: SkewChannelNotRead
        exp_alerts:
          - exp_labels: {{severity: warning, channel: old}}
            exp_annotations:
              summary: "old has not been read for 20m 0s."
              description: "What it shows now is unknown, and nothing is corrected there."
      - eval_time: 20m
        alertname: SkewUpdatesFail
        exp_alerts:
          - exp_labels: {{severity: warning, channel: shop, result: failed}}
            exp_annotations:
              summary: "Updates of shop end as failed."
              description: "`skew updates --all` says what the channel answered."
"""


def test_the_rules_fire_when_they_should_and_not_before(tmp_path: Path) -> None:
    tests = tmp_path / "tests.yml"
    tests.write_text(RULE_TESTS.format(alerts=MONITORING / "alerts.yml"))

    ran = promtool("test", "rules", str(tests))

    assert ran.returncode == 0, ran.stdout + ran.stderr
