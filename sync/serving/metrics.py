"""What a daemon tells Prometheus. No metric has a SKU as a label: there may be a million.

What stands (disagreements, freshness, incidents) is read from the cache at each scrape. What has
ended (polls, updates) is counted from the scrape before on, whichever process did it; as always
with counters, they begin at zero when the daemon starts.
"""

import sys
from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from store.model import LIVE_CORRECTIONS, Freshness, Status
from store.monitoring.reading import Monitored
from store.queries.values import StatusCounts
from sync.version import version

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
POLL_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """The metrics of one daemon."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._standing: list[Gauge] = []
        self._disagreements = self._gauge(
            "skew_disagreements", "Open disagreements.", "channel", "kind", "status"
        )
        self._ignored = self._gauge(
            "skew_disagreements_ignored", "Disagreements that a rule ignores, beside the open ones."
        )
        self._oversell = self._gauge(
            "skew_oversell_units",
            "Units that a channel shows beyond its target, of disagreements that are open.",
            "channel",
        )
        self._last_success = self._gauge(
            "skew_channel_last_success_timestamp_seconds", "When its last good poll ended.",
            "channel",
        )  # fmt: skip
        self._fresh = self._gauge(
            "skew_channel_fresh", "1 where its readings can be acted on, else 0.", "channel"
        )
        self._listings = self._gauge(
            "skew_channel_listings", "Listings of its last good poll.", "channel"
        )
        self._pending = self._gauge(
            "skew_updates_pending", "Updates that have not ended.", "status"
        )
        self._incidents = self._gauge("skew_incidents", "Open incidents.", "channel", "kind")
        self._lease = self._gauge("skew_lease_held", "1 while this daemon's engine works, else 0.")
        self._paused = self._gauge("skew_writes_paused", "1 while all writes are paused, else 0.")
        self._took = Histogram(
            "skew_poll_duration_seconds", "How long polls took.", ["channel"],
            buckets=POLL_BUCKETS, registry=registry,
        )  # fmt: skip
        self._polls = Counter(
            "skew_polls", "Polls, by how they ended.", ["channel", "outcome"], registry=registry
        )
        self._updates = Counter(
            "skew_updates", "Updates, by how they ended.", ["channel", "result"], registry=registry
        )
        self._webhooks = Counter(
            "skew_webhooks", "Webhooks received.", ["channel", "result"], registry=registry
        )
        build = Gauge("skew_build_info", "1, by version.", ["version", "python"], registry=registry)
        build.labels(version(), sys.version.split()[0]).set(1)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        gauge = Gauge(name, help_text, labels, registry=self._registry)
        if labels:
            self._standing.append(gauge)
        return gauge

    def count_webhook(self, channel: str, result: str) -> None:
        """Count a webhook of a channel that takes them, by what became of it."""
        self._webhooks.labels(channel, result).inc()

    def text(self, found: Monitored, *, holding: bool) -> bytes:
        """Take in a reading, each once and in order; answer all in Prometheus' text format."""
        for poll in found.polls:
            self._polls.labels(poll.channel, poll.outcome).inc()
            if poll.took_ms is not None:
                self._took.labels(poll.channel).observe(poll.took_ms / 1000)
        for update in found.updates:
            self._updates.labels(update.channel, update.result).inc()
        for gauge in self._standing:
            # A channel that was removed, or a kind that is no more, has no number any more.
            gauge.clear()
        self._set_status(found.status)
        for count in found.kinds:
            self._disagreements.labels(count.channel, count.kind, count.status).set(count.count)
            if count.status == Status.OPEN:
                self._oversell.labels(count.channel).inc(count.oversell_units)
        self._lease.set(holding)
        return generate_latest(self._registry)

    def _set_status(self, counts: StatusCounts) -> None:
        for channel in counts.channels:
            is_fresh = channel.freshness in (Freshness.FRESH, Freshness.FAILING)
            self._fresh.labels(channel.name).set(is_fresh)
            self._listings.labels(channel.name).set(channel.listings)
            self._oversell.labels(channel.name).set(0)
            if channel.last_success_at is not None:
                self._last_success.labels(channel.name).set(channel.last_success_at / 1000)
        for status in LIVE_CORRECTIONS:
            self._pending.labels(status).set(counts.updates[status])
        incidents = Tally((found.channel or "", str(found.kind)) for found in counts.incidents)
        for labels, count in incidents.items():
            self._incidents.labels(*labels).set(count)
        self._ignored.set(counts.overview.ignored)
        self._paused.set(counts.write_pause is not None)
