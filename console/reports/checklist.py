"""The checklist on paper and as JSON, for `skew check`; the answers are `sync.checklist`'s."""

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
    """Each answer with the keys of DESIGN.md; what is wrong comes first in its evidence."""
    return [
        {
            "question": one.question,
            "answer": one.answer,
            "evidence": "\n".join((*one.wrong, *one.evidence)),
            "ok": one.ok,
        }
        for one in answers
    ]


def measured_json(case: ChecklistCase) -> Json | None:
    """The figures that the answers rest on; None where nothing was measured."""
    if case.measured is None:
        return None
    buffers = mismatches.buffers(case)
    return {
        "since": rfc3339(case.measured.since),
        "until": rfc3339(case.measured.at),
        "channels": [_channel(one, buffers.get(one.name)) for one in case.measured.channels],
    }


def _channel(one: ChannelBehaviour, buffer: tuple[int, int | None] | None) -> Json:
    configured, justified = buffer or (None, None)
    return {
        "name": one.name,
        "freshness": str(one.freshness),
        "age_s": None if one.age_ms is None else one.age_ms / 1000,
        "polls": {"good": one.good, "failed": one.failed, "quarantined": one.quarantined},
        "readings_moved": one.moved,
        "events": {
            "seen": sum(one.kinds.values()),
            "kinds": dict(one.kinds),
            "fates": dict(one.fates),
            "repeats": one.odd.get("repeat", 0),
            "repeated_events": one.repeated,
            "late": one.odd.get("late", 0),
            "out_of_order": one.odd.get("out of order", 0),
            "conflicts": one.odd.get("conflict", 0),
            "refused": one.odd.get("refused", 0),
            "overdue": one.overdue,
        },
        "lag": {
            "heard": _spans(one.heard),
            "shown": _spans(one.shown),
            "followed": _spans(one.followed),
            "included": _spans(one.included),
            "overlooked": _spans(one.overlooked),
        },
        "disagreements": [
            {"kind": str(each.kind), "status": str(each.status), "count": each.count}
            for each in one.open
        ],
        "closed_after": _spans(one.closed),
        "updates_ended": dict(one.ended),
        "changed_back": one.changed_back,
        "frozen": one.frozen,
        "fought": dict(one.fought),
        "oversold": one.oversold,
        "sold_elsewhere": _sales(one.sold_elsewhere),
        "buffer": {"configured": configured, "justified": justified},
        "states_sampled": dict(one.states),
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
