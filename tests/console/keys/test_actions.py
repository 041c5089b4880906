import pytest
from textual import events

from console.keys import ACTIONS, by_name
from console.keys.action import PageName
from console.tui.dialogs.texts.help import SIGNS
from console.tui.views.header import legend
from tests.console.small_shop import Shop, console, press, settle, text_of


def test_no_key_does_two_things() -> None:
    keys = [key for action in ACTIONS for key in action.keys]

    assert len(keys) == len(set(keys))


async def test_every_action_of_the_table_is_the_apps_and_bound_to_its_keys(shop: Shop) -> None:
    async with console(shop) as (app, _):
        bound = {(b.action, key) for key, all_of in app._bindings for b in [all_of]}

    keys = {(f"do('{a.name}')", key) for a in ACTIONS for key in a.keys}
    assert {(action, _written(key)) for action, key in bound if "do(" in action} == keys


def _written(key: str) -> str:
    """A key as the table has it: Textual spells the signs out."""
    signs = {
        "slash": "/",
        "asterisk": "*",
        "colon": ":",
        "question_mark": "?",
        "plus": "+",
        "minus": "-",
        "underscore": "_",
        "left_square_bracket": "[",
        "right_square_bracket": "]",
        "left_curly_bracket": "{",
        "right_curly_bracket": "}",
        "at": "@",
        "greater_than_sign": ">",
        "full_stop": ".",
        "less_than_sign": "<",
    }
    return signs.get(key, key)


async def test_every_page_can_do_what_the_table_says_it_can(shop: Shop) -> None:
    async with console(shop) as (app, _):
        for action in ACTIONS:
            for place in action.on:
                assert {*app.page_of(place).actions(), *app._actions} >= {action.name}, place
            assert action.on, action.name


async def test_nothing_is_done_that_the_table_does_not_name(shop: Shop) -> None:
    named = {action.name for action in ACTIONS}
    async with console(shop) as (app, _):
        done = {name for place in PageName for name in app.page_of(place).actions()}
        assert done | set(app._actions) == named


@pytest.mark.long
async def test_what_a_page_lacks_is_refused_in_words(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "space")

        assert "Mark or unmark the row: not on this page" in text_of(app)


@pytest.mark.long
async def test_escape_leads_back_page_by_page(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        await press(app, pilot, "2", "4", "escape")
        assert app.page.place is PageName.CHANNELS
        await press(app, pilot, "escape")
        assert app.page is app.dashboard


def test_the_legend_fits_the_width_and_names_the_keys_that_decide() -> None:
    here = [action for action in ACTIONS if PageName.DISAGREEMENTS in action.on]
    narrow = legend(80, narrow=True, read_only=False, able=(), actions=here).plain
    wide = legend(160, narrow=False, read_only=False, able=(), actions=here).plain

    assert len(narrow) <= 80
    assert len(wide) <= 160
    for word in ("a Appr", "r Rej", "z Snz", "u Undo", "/ Filter", "? Help"):
        assert word in narrow
    for word in ("enter Open", "q Quit"):
        assert word in wide


def test_a_read_only_legend_hides_the_acts_and_nothing_else() -> None:
    shown = legend(160, narrow=False, read_only=True, able=()).plain

    assert "Approve" not in shown
    assert "Undo" not in shown
    assert "Filter" in shown


@pytest.mark.long
async def test_help_and_palette_list_every_action(shop: Shop) -> None:
    shop.open()
    async with console(shop, (160, 240)) as (app, pilot):
        await press(app, pilot, "question_mark")
        helped = text_of(app)
        await press(app, pilot, "escape", "colon")
        await pilot.pause(0.3)
        offered = text_of(app)

    for action in ACTIONS:
        assert action.title in helped, action.name
    here = [
        action
        for action in ACTIONS
        if PageName.DISAGREEMENTS in action.on and action.past is not True and not action.demo
    ]
    assert [action.title for action in here if action.title not in offered] == []
    assert by_name("approve").keys == ("a",)


@pytest.mark.long
async def test_the_help_of_a_narrow_terminal_stands_below_the_titles_in_whole_words(
    shop: Shop,
) -> None:
    async with console(shop, (60, 480)) as (app, pilot):
        await press(app, pilot, "question_mark")
        text = text_of(app)

    words = " ".join(text.replace("│", " ").split())
    for action in ACTIONS:
        assert action.help in words, action.name
    for _, _, meaning in SIGNS:
        assert meaning in words


@pytest.mark.long
async def test_keys_that_come_faster_than_pages_turn_are_all_obeyed_in_order(shop: Shop) -> None:
    async with console(shop) as (app, pilot):
        for _ in range(5):
            for key in "234512":
                app.post_message(events.Key(key, key))
        # Each is taken once the page that the one before it opened stands.
        for _ in range(10):
            await settle(app, pilot)

        assert app.page.place is PageName.CHANNELS
        assert len(app.screen_stack) == 1


def test_an_action_has_one_row_and_a_key_one_action_on_each_page() -> None:
    names = [action.name for action in ACTIONS]
    assert sorted(set(names)) == sorted(names)
    for place in PageName:
        keys = [key for action in ACTIONS if place in action.on for key in action.keys]
        assert sorted(set(keys)) == sorted(keys), place
