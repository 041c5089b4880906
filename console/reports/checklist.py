"""The six questions with their answers: as lines of text, and as JSON."""

from collections.abc import Iterator, Sequence

from console.reports.json_documents import Json
from console.reports.table import Paper, TableCell
from store.checklist.values import ChannelBehaviour, Sales, Spans
from sync.checklist import mismatches
from sync.checklist.case import Answer, ChecklistCase
from sync.clock import rfc3339

RED = "✖ settings and behaviour disagree"


def lines(answers: Sequence[Answer], paper: Paper) -> Iterator[str]:
    """Write each question with its answer and, further in, its evidence; red ones say so first."""
    for number, answer in enumerate(answers):
        if number:
            yield ""
        yield from (
            paper.line(TableCell(line, "bold")) for line in paper.paragraph(answer.question, "")
        )
        yield from paper.paragraph(answer.answer)
        for wrong in answer.wrong:
            yield from (
                paper.line(TableCell(line, "red")) for line in paper.paragraph(f"{RED}: {wrong}")
            )
        for line in answer.evidence:
            yield from paper.paragraph(line, "    ")


def answers_json(answers: Sequence[Answer]) -> list[Json]:
    """Each answer as a document; what is wrong comes first in its evidence."""
    return [
        {
            "question": answer.question,
            "answer": answer.answer,
            "evidence": "\n".join((*answer.wrong, *answer.evidence)),
            "ok": answer.ok,
        }
        for answer in answers
    ]


def measured_json(case: ChecklistCase) -> Json | None:
    """The figures that the answers rest on; None where nothing was measured."""
    if case.measured is None:
        return None
    buffers = mismatches.buffers(case)
    return {
        "since": rfc3339(case.measured.since),
        "until": rfc3339(case.measured.at),
        "ignored": case.measured.ignored,
        "channels": [
            _channel(channel, buffers.get(channel.name)) for channel in case.measured.channels
        ],
    }


def _channel(channel: ChannelBehaviour, buffer: tuple[int, int | None] | None) -> Json:
    configured, justified = buffer or (None, None)
    return {
        "name": channel.name,
        "freshness": str(channel.freshness),
        "age_s": None if channel.age_ms is None else channel.age_ms / 1000,
        "polls": {
            "good": channel.good,
            "failed": channel.failed,
            "quarantined": channel.quarantined,
        },
        "readings_moved": channel.moved,
        "events": {
            "seen": sum(channel.kinds.values()),
            "kinds": dict(channel.kinds),
            "fates": dict(channel.fates),
            "repeats": channel.odd.get("repeat", 0),
            "repeated_events": channel.repeated,
            "late": channel.odd.get("late", 0),
            "out_of_order": channel.odd.get("out of order", 0),
            "conflicts": channel.odd.get("conflict", 0),
            "refused": channel.odd.get("refused", 0),
            "overdue": channel.overdue,
        },
        "lag": {
            "heard": _spans(channel.arrival),
            "shown": _spans(channel.shown),
            "followed": _spans(channel.followed),
            "included": _spans(channel.included),
            "overlooked": _spans(channel.overlooked),
        },
        "disagreements": [
            {"kind": str(count.kind), "status": str(count.status), "count": count.count}
            for count in channel.open
        ],
        "closed_after": _spans(channel.closed),
        "updates_ended": dict(channel.ended),
        "changed_back": channel.changed_back,
        "frozen": channel.frozen,
        "fought": dict(channel.fought),
        "oversold": channel.oversold,
        "sold_elsewhere": _sales(channel.sold_elsewhere),
        "buffer": {"configured": configured, "justified": justified},
        "states_sampled": dict(channel.states),
    }


def _spans(spans: Spans | None) -> Json | None:
    if spans is None:
        return None
    return {"count": spans.count, "p50_s": spans.p50_ms / 1000, "p95_s": spans.p95_ms / 1000}


def _sales(sales: Sales | None) -> Json | None:
    if sales is None:
        return None
    return {
        "skus": sales.skus,
        "p95_pieces": sales.p95_pieces,
        "over_s": sales.over_ms / 1000,
    }
