"""Ignoring by keys: a rule by example, with what it would ignore, listed, counted and ended."""

from contextlib import suppress

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from textual.worker import WorkerError

from console.text.format import plural
from console.tui.app import SkewApp
from console.tui.dialogs.ignore import IgnoreDialog
from store.corrections import ignore_rules
from store.corrections.ignore_rules import IgnorePreview, IgnoreRule, IgnoreWhere
from store.model import Kind
from tests.console.small_shop import NOW, Shop, console, move_cursor_to, press, settle, text_of
from tests.console.tui.pages.test_disagreements import skus


def rules(shop: Shop) -> list[IgnoreRule]:
    return shop.database.read(ignore_rules.rules, now=shop.clock.now(), ended=True)


def ignore(shop: Shop, where: IgnoreWhere, why: str = "shared stock") -> int:
    return shop.database.write(ignore_rules.add, where, who="ben", why=why, now=NOW).id


async def previewed(app: SkewApp, pilot: Pilot[int]) -> str:
    """What is on the screen once the form says what the rule would ignore."""
    await settle(app, pilot)
    for worker in [worker for worker in app.workers if worker.group == "preview"]:
        with suppress(WorkerError):  # Another has taken its place.
            await worker.wait()
    await settle(app, pilot)
    return " ".join(text_of(app).split())


async def test_a_rule_begins_as_the_row_is_and_hides_it(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await move_cursor_to(app, pilot, "SKU-0004411")
        await press(app, pilot, "i")
        shown = await previewed(app, pilot)
        assert "ignores 1 disagreement now; 1 pending update will end" in shown
        await press(app, pilot, *"known", "enter")
        await settle(app, pilot)

        (rule,) = rules(shop)
        assert rule.where == IgnoreWhere("SKU-0004411", "market", Kind.QUANTITY, 14)
        assert (rule.made_by, rule.why, rule.hides) == ("ana", "known", 1)
        assert "SKU-0004411" not in skus(app)
        text = text_of(app)
        assert "ana set rule 1: 1 disagreement ignored" in text
        assert "· 1 ignored" in text
        assert "  1 ignored" in text.splitlines()[0]


@pytest.mark.long
@pytest.mark.parametrize("size", [(160, 45), (100, 30), (80, 24)])
async def test_what_a_rule_would_ignore_follows_what_is_typed(
    shop: Shop, size: tuple[int, int]
) -> None:
    async with console(shop, size) as (app, pilot):
        await press(app, pilot, "i")
        await settle(app, pilot)
        for name, typed, words in (
            ("kind", "", "ignores "),
            ("channel", "nowhere", '✖ channel: "nowhere" is not a channel; known: '),
            ("channel", "", "ignores "),
            ("units_max", "", "ignores "),
            ("skus", "*", "✖ SKU: that would ignore everything"),
            ("skus", "SKU-*", f"ignores {len(skus(app))} disagreements now"),
            ("until", "soon", "✖ until: write how long, such as 30d, or a time"),
            ("until", "30d", f"ignores {len(skus(app))} disagreements now"),
        ):
            app.screen.query_one(f"#{name}", Input).value = typed
            assert words in await previewed(app, pilot), (name, typed)
        await press(app, pilot, "enter")
        await settle(app, pilot)
        assert "✖ why: say why: others will ask" in text_of(app)
        assert "esc back" in text_of(app)
        assert rules(shop) == []


@pytest.mark.long
async def test_escape_sets_no_rule(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "i", "escape")
        await settle(app, pilot)
        assert rules(shop) == []
        assert "nothing ignored" in text_of(app)


async def test_what_a_rule_would_ignore_comes_too_late_for_a_dialog_that_was_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "i")
        dialog = app.screen
        assert isinstance(dialog, IgnoreDialog)
        look = dialog._look

        async def late(where: IgnoreWhere) -> IgnorePreview:
            found = await look(where)
            # As when it is left: what is in it goes before the dialog does.
            await dialog.remove_children()
            return found

        monkeypatch.setattr(dialog, "_look", late)
        await dialog._preview().wait()

        assert dialog.is_attached


@pytest.mark.long
async def test_rules_are_listed_with_their_counts_and_ended_by_key(shop: Shop) -> None:
    ignore(shop, IgnoreWhere("SKU-*", "market"))
    async with console(shop) as (app, pilot):
        await settle(app, pilot)
        before = skus(app)
        hidden = rules(shop)[0].hides
        assert hidden > 0
        await press(app, pilot, "I")
        await settle(app, pilot)
        assert f"{hidden} ignored  SKU-* on market" in text_of(app)
        assert f"1 rule: {plural(hidden, 'disagreement')} ignored" in text_of(app)
        await press(app, pilot, "x", *"mended", "enter")
        await settle(app, pilot)
        assert "no rule ignores anything" in text_of(app)
        await press(app, pilot, "h")
        assert "ended by ana" in text_of(app)
        await press(app, pilot, "escape")
        await settle(app, pilot)

        (rule,) = rules(shop)
        assert (rule.ended_by, rule.ended_why, rule.hides) == ("ana", "mended", 0)
        assert len(skus(app)) == len(before) + hidden


@pytest.mark.long
async def test_what_is_ignored_is_listed_with_its_rule_and_asked_for_no_more(shop: Shop) -> None:
    ignore(shop, IgnoreWhere("SKU-0004411"))
    async with console(shop) as (app, pilot):
        await press(app, pilot, "I", "enter")
        await settle(app, pilot)
        assert set(skus(app)) == {"SKU-0004411"}
        assert "filter: ignored:yes" in text_of(app)
        assert "ignored by rule 1 of ben: shared" in " ".join(text_of(app).split())
        await press(app, pilot, "i")
        await settle(app, pilot)
        assert "SKU-0004411 is ignored by rule 1 of ben" in text_of(app)
        await press(app, pilot, "enter")
        await settle(app, pilot)
        assert "ignored by rule 1 of ben: shared" in " ".join(text_of(app).split())


@pytest.mark.long
async def test_where_all_is_ignored_no_list_says_that_all_agree(shop: Shop) -> None:
    ignore(shop, IgnoreWhere("SKU-*"))
    ignore(shop, IgnoreWhere("*", kind=Kind.QUANTITY))
    async with console(shop) as (app, pilot):
        await settle(app, pilot)
        text = text_of(app)
        assert skus(app) == []
        assert "every channel shows what it should" not in text
        assert "ignored by a rule: ignored:yes" in text


@pytest.mark.long
async def test_a_hostile_reason_reaches_no_terminal(shop: Shop) -> None:
    ignore(shop, IgnoreWhere("SKU-*"), why="\x9b2J\x1b[31m[/nope]")
    async with console(shop) as (app, pilot):
        await press(app, pilot, "I")
        await settle(app, pilot)
        assert not {"\x1b", "\x9b"} & set(text_of(app))
        await press(app, pilot, "enter")
        await settle(app, pilot)
        assert not {"\x1b", "\x9b"} & set(text_of(app))
