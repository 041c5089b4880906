"""`skew why`: everything that explains one SKU, read in one snapshot, as text and as JSON."""

from console.reports.json_documents import Json, balance, update
from console.reports.table import Paper, TableCell
from console.text.format import clean, show_blanks
from console.text.why import listing
from console.text.why.facts import ListingVerdict, ListingWhy, WhyFacts
from store.causes import find_facts
from store.channels import write_pauses
from store.corrections.guards import obstacles
from store.database.connection import Snapshot
from store.model import LIVE_CORRECTIONS, Millis
from store.queries import sku_summary, status_counts
from sync.causes.explain import Explainer
from sync.clock import rfc3339
from sync.corrections import decide
from sync.settings import Settings
from sync.targets import terms


class SkuWhy:
    """Why one SKU is as it is on the channels that were asked for."""

    def __init__(self, facts: WhyFacts, channel: str | None) -> None:
        self._facts = facts
        self.listings = [
            found for found in listing.of_sku(facts) if channel in (None, found.channel)
        ]

    def document(self) -> Json:
        """It as JSON."""
        summary = self._facts.summary
        return {
            "sku": summary.sku,
            "title": summary.title,
            "at": rfc3339(self._facts.now),
            "listings": [self._listing(found) for found in self.listings],
            "conservation": [balance(found) for found in summary.balances],
        }

    def _listing(self, found: ListingWhy) -> Json:
        summary = self._facts.summary
        cell = next((cell for cell in summary.cells if cell.listing_id == found.listing_id), None)
        newest = next((row for row in summary.updates if row.listing_id == found.listing_id), None)
        return {
            "channel": found.channel,
            "location": found.location,
            "verdict": str(found.verdict),
            "summary": found.summary,
            "why": [{"about": line.about, "text": line.text} for line in found.lines],
            "reading": None
            if cell is None or not cell.present
            else {
                "available": cell.available,
                "at_least": cell.at_least,
                "state": cell.state,
                "observed_at": rfc3339(cell.observed_at),
            },
            "target": None
            if cell is None
            else {"quantity": cell.target, "state": cell.target_state},
            "disagreements": [row.id for row in summary.open if row.listing_id == found.listing_id],
            "update": None if newest is None else update(newest),
        }

    def lines(self, paper: Paper) -> list[str]:
        """It as text: the SKU, then each listing in a line with its reasons under it."""
        summary = self._facts.summary
        title = f"  {clean(summary.title)}" if summary.title else ""
        written = [paper.line(TableCell(show_blanks(clean(summary.sku)), "bold"), title)]
        wide = max((len(line.about) for found in self.listings for line in found.lines), default=0)
        for found in self.listings:
            sign, style = _SIGNS[found.verdict]
            at = f" at {found.location}" if found.location else ""
            written += ["", *paper.paragraph(f"{sign} {found.channel}{at} {found.summary}", "")]
            written[-1] = paper.ink(written[-1], style)
            before = ""
            for about, text in found.lines:
                name = "" if about == before else about
                before = about
                indent = " " * (wide + 4)
                first, *rest = paper.paragraph(text, indent) or [indent]
                written += [f"  {name:{wide}}  {first.strip()}", *rest]
        return written


def read(
    snapshot: Snapshot, settings: Settings, sku: str, channel: str | None, *, now: Millis
) -> SkuWhy | None:
    """Read and explain a SKU; None where the cache does not know it."""
    summary = snapshot.read(sku_summary.read, sku, now=now)
    if summary is None:
        return None
    ours = terms.terms(settings)
    found = list(summary.open)
    causes = {}
    if found:
        known = snapshot.read(find_facts.find, [disagreement.id for disagreement in found])
        causes = Explainer(ours, now=now).causes(found, known)
    live = [row for row in summary.updates if row.status in LIVE_CORRECTIONS]
    facts = WhyFacts(
        now=now,
        summary=summary,
        health={health.name: health for health in snapshot.read(status_counts.channels, now=now)},
        causes=causes,
        held=snapshot.read(obstacles.by_id, live, now=now) if live else {},
        terms=ours,
        mode=settings.approval.mode,
        write_pause=snapshot.read(write_pauses.in_force),
        window=decide.window_at(settings, now),
    )
    return SkuWhy(facts, channel)


_SIGNS = {
    ListingVerdict.AGREES: ("●", "green"),
    ListingVerdict.AUTHORITY: ("●", "green"),
    ListingVerdict.DISAGREES: ("▲", "red"),
    ListingVerdict.SETTLING: ("◆", "yellow"),
    ListingVerdict.UNKNOWN: ("?", "yellow"),
    ListingVerdict.UNCOUNTED: ("◇", ""),
    ListingVerdict.NOT_COMPARED: ("◇", ""),
    ListingVerdict.NOT_LISTED: ("◇", ""),
}
"""A listing's glyph and style: the glyph says it without the colour."""
