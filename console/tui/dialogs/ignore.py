"""The dialogs of the rules that ignore disagreements: setting one by example, and their list."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import ClassVar, NamedTuple

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from console.text import ignoring
from console.text.format import age, clean, fit, plural, units, wrap
from console.tui.dialogs.arrange import ArrangeDialog
from console.tui.dialogs.confirm import key_hints
from console.tui.dialogs.dialog import Dialog
from console.tui.dialogs.early_keys import EarlyKeys
from console.tui.drawing.tones import Cell, Tone, lines, write
from store.corrections.ignore_rules import IgnoredExample, IgnorePreview, IgnoreRule, IgnoreWhere
from store.errors import StoreError
from store.model import Kind, Millis

Look = Callable[[IgnoreWhere], Awaitable[IgnorePreview]]
EXAMPLES = 3
_WIDTH = 70

_FIELDS = (
    ("skus", "SKU", "DS-*, or * for every SKU"),
    ("channel", "channel", "every channel"),
    ("kind", "kind", "any kind"),
    ("units_max", "up to", "any number of units"),
    ("until", "until", "30d, or a time; until somebody ends it"),
    ("why", "why", "everybody sees it"),
)
"""By name its label, and what it means where nothing is written."""


class NewIgnoreRule(NamedTuple):
    """What is to be ignored, and why."""

    where: IgnoreWhere
    why: str


class IgnoreDialog(Dialog[NewIgnoreRule | None]):
    """A form that begins as its example is, with what the rule would ignore at this moment."""

    takes_early = EarlyKeys.TEXT
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Back")]

    def __init__(
        self, example: IgnoreWhere, channels: Sequence[str], look: Look, now: Millis
    ) -> None:
        super().__init__()
        self._example = example
        self._channels = tuple(channels)
        self._look = look
        self._now = now

    def compose(self) -> ComposeResult:
        where = self._example
        begun = {
            "skus": where.skus,
            "channel": where.channel or "",
            "kind": str(where.kind or ""),
            "units_max": "" if where.units_max is None else str(where.units_max),
        }
        with Vertical(classes="dialog tight") as dialog:
            dialog.border_title = write(Cell("Never show this again, where"))
            for name, label, empty in _FIELDS:
                with Horizontal(classes="field"):
                    yield Static(write(Cell(label, Tone.DIM)), classes="label")
                    begin = begun.get(name, "")
                    yield Input(begin, placeholder=empty, id=name, max_length=1200)
            yield Static(id="would")
            yield Static(
                key_hints(("enter", "next field, at the last: ignore"), ("esc", "back")), id="hints"
            )

    def on_mount(self) -> None:
        self.query_one("#why", Input).focus()

    def action_leave(self) -> None:
        self.dismiss(None)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._preview()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input.id != "why":
            self.focus_next()
            return
        try:
            where = self._where()
        except _FieldError as error:
            self.query_one(f"#{error.field}", Input).focus()
            self._show(_wrong(error))
            return
        if event.value.strip():
            self.dismiss(NewIgnoreRule(where, event.value.strip()))
        else:
            self._show(_wrong(_FieldError("why", "say why: others will ask")))

    @work(exclusive=True, group="preview")
    async def _preview(self) -> None:
        """Say what a rule as it is written would ignore, or what is wrong with it."""
        try:
            where = self._where()
            found = await self._look(where)
        except _FieldError as error:
            self._show(_wrong(error))
        except StoreError as error:
            self._show(write(Cell(f"✖ {error}", Tone.BAD)))
        else:
            self._show(would_ignore(found))

    def _show(self, content: Content) -> None:
        # Once it was left, what is in it is gone before the dialog is.
        for would in self.query("#would").results(Static):
            would.update(content)

    def _where(self) -> IgnoreWhere:
        """What is written. Raises _FieldError."""
        readers: dict[str, Callable[[str], object]] = {
            "skus": ignoring.pattern,
            "channel": self._channel,
            "kind": _kind,
            "units_max": ignoring.units,
            "until": lambda text: ignoring.until(text, self._now),
        }
        read = {}
        for name, reader in readers.items():
            try:
                read[name] = reader(self.query_one(f"#{name}", Input).value)
            except ValueError as error:
                raise _FieldError(name, str(error)) from None
        where = msgspec.structs.replace(IgnoreWhere(), **read)
        if why := ignoring.too_wide(where):
            raise _FieldError("skus", why)
        return where

    def _channel(self, text: str) -> str | None:
        name = text.strip()
        if name and name not in self._channels:
            raise ValueError(f'"{name}" is not a channel; known: {", ".join(self._channels)}')
        return name or None


class _FieldError(ValueError):
    """What is wrong with a field."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def _wrong(error: _FieldError) -> Content:
    label = next(label for name, label, _ in _FIELDS if name == error.field)
    return _block([write(Cell(line, Tone.BAD)) for line in wrap(f"✖ {label}: {error}", _WIDTH)])


def _kind(text: str) -> Kind | None:
    name = text.strip()
    if name and name not in set(Kind):
        raise ValueError(f'"{name}" is not a kind; known: {", ".join(Kind)}')
    return Kind(name) if name else None


def would_ignore(found: IgnorePreview) -> Content:
    """How many, and the first of them; always as many lines."""
    tone = Tone.STRONG if found.count else Tone.WARN
    rows = [write(Cell(ignoring.preview_text(found), tone))]
    rows += [write(Cell(_example(shown), Tone.DIM)) for shown in found.examples[:EXAMPLES]]
    left = found.count - EXAMPLES
    rows += [write(Cell(f"and {left:,} more", Tone.DIM))] if left > 0 else []
    return _block(rows)


def _block(rows: Sequence[Content]) -> Content:
    return lines(write(), *rows, *[write()] * (EXAMPLES + 2 - len(rows)))


def _example(shown: IgnoredExample) -> str:
    where = f"{shown.channel}/{shown.location}" if shown.location else shown.channel
    figures = f"shows {units(shown.available)}, target {units(shown.target)}"
    return clean(f"{fit(shown.sku, 18)} {fit(where, 12)} {fit(shown.kind, 8)} {figures}")


LIST = "list"
"""What `IgnoreRulesDialog` answers where what is ignored is to be listed."""


class IgnoreRulesDialog(ArrangeDialog):
    """The rules with how many each ignores; the answer is the number of the one to end, or LIST."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "move('down')", "Down"),
        ("up,k", "move('up')", "Up"),
        ("escape", "dismiss(None)", "Back"),
        ("x", "choose('end')", "End the rule"),
        ("enter", "choose('list')", "List what is ignored"),
        ("h", "history", "Ended rules"),
    ]

    def __init__(self, rules: Sequence[IgnoreRule], now: Millis) -> None:
        """`rules` are all, the ended ones first."""
        super().__init__()
        self._in_force = [rule for rule in rules if rule.ended_at is None]
        self._ended = [rule for rule in rules if rule.ended_at is not None]
        self._now = now
        self._shows_ended = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog broad") as dialog:
            dialog.border_title = write(Cell(self._title()))
            yield OptionList(*self._options())
            pairs = [("x", "end the rule"), ("enter", "list what is ignored")]
            pairs += [("h", "ended rules")] if self._ended else []
            yield Static(key_hints(*pairs, ("esc", "back")))

    def _title(self) -> str:
        hidden = sum(rule.hides for rule in self._in_force)
        rules, ignored = plural(len(self._in_force), "rule"), plural(hidden, "disagreement")
        return f"{rules}: {ignored} ignored"

    def action_choose(self, what: str) -> None:
        if what == "list":
            self.dismiss((LIST,))
        elif self.place < len(self._in_force):
            self.dismiss((str(self._in_force[self.place].id),))

    def action_history(self) -> None:
        """Show the ended rules too, or no longer."""
        self._shows_ended = not self._shows_ended
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options(self._options())
        listed.highlighted = 0

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self.query_one(OptionList).highlighted = event.option_index

    def _options(self) -> Iterator[Option]:
        shown = [*self._in_force, *(self._ended[::-1] if self._shows_ended else ())]
        if not shown:
            yield Option(write(Cell("no rule ignores anything", Tone.DIM)), disabled=True)
        for rule in shown:
            yield Option(rule_lines(rule, self._now))


def rule_lines(rule: IgnoreRule, now: Millis) -> Content:
    """A rule in two lines: what it ignores and how many, then who set it and why."""
    ended = ignoring.end_text(rule)
    tone = Tone.DIM if ended else Tone.PLAIN
    count = "ended" if ended else f"{rule.hides:,} ignored"
    who = f"     {rule.made_by}, {age(now - rule.made_at)} ago: {rule.why}"
    return lines(
        write(
            Cell(f"{rule.id:>3}  ", Tone.ACCENT),
            Cell(f"{count}  ", Tone.DIM if ended or not rule.hides else Tone.STRONG),
            Cell(ignoring.where_text(rule.where, now), tone),
        ),
        write(Cell(clean(who + (f"; {ended}" if ended else "")), Tone.DIM)),
    )
