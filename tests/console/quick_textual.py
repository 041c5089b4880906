"""Textual without what it does again and again in a test run: parsing styles, painting between.

It reaches into Textual, as the goldens do; its version is pinned.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.screen import Screen

PAINT_ALL = bool(os.environ.get("SKEW_PAINT_ALL"))

_UNPAINTED: set[App[Any]] = set()
_OWED: WeakSet[App[Any]] = WeakSet()
_PARSED: dict[object, list[RuleSet]] = {}
_paint = Screen._compositor_refresh
_parse = Stylesheet._parse_rules


@contextmanager
def unpainted(app: App[Any]) -> Iterator[None]:
    """Handle and lay out as ever, and paint what has changed when somebody looks.

    A key is followed by half a dozen states that stand for some milliseconds each: painting every
    one of them took a third of the time of a screen's test. `.ci/run` runs the screens' tests once
    more with SKEW_PAINT_ALL set, and then each state is painted.
    """
    if PAINT_ALL or app in _UNPAINTED:
        yield
        return
    _UNPAINTED.add(app)
    try:
        yield
    finally:
        _UNPAINTED.discard(app)
        _OWED.add(app)


def paint(app: App[Any]) -> None:
    """Paint what has changed while nothing was painted: for whoever looks at the screen."""
    if app not in _OWED:
        return
    _OWED.discard(app)
    # What lies under a dialog hands its changes on to the dialog, so it goes first.
    for screen in [*app._background_screens, app.screen]:
        screen._compositor_refresh()


def _paint_unless_held(screen: Screen[Any]) -> None:
    if screen.app not in _UNPAINTED:
        _paint(screen)


def _parse_once(sheet: Stylesheet, *args: Any, **kwargs: Any) -> list[RuleSet]:
    """Each app parses all styles afresh, twice: 44 sources that are the same in every test."""
    key = (args, tuple(kwargs.items()), tuple(sheet._variables.items()))
    if key not in _PARSED:
        _PARSED[key] = _parse(sheet, *args, **kwargs)
    return _PARSED[key]


setattr(Screen, "_compositor_refresh", _paint_unless_held)  # noqa: B010 (mypy)
setattr(Stylesheet, "_parse_rules", _parse_once)  # noqa: B010 (mypy)
