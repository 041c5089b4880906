"""No text that the console can show names a command: it names the key, or what is to be done."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.cli import COMMANDS
from console.text import remedies
from console.text.format import plain_times
from store.corrections import decisions
from store.model import Incident, IncidentKind
from tests.console.text.test_plain_words import ROOT, texts

COMMAND = re.compile(rf"`?\bskew ({'|'.join(COMMANDS)})\b")

SHOWN = ("console/tui", "console/keys", "console/text", "store", "sync")
"""What the console shows is put into words in these."""

OTHERS = {
    "console/text/remedies.py": "the commands' remedies; the console's own are tested below",
    "console/text/format.py": "the sentence of older caches that is put right",
    "console/text/failure.py": "printed when a command, or the console, has ended",
    "console/text/overview.py": "the help of the command line",
    "console/tui/watch.py": "who holds the lease: a process, not a remedy",
    "store/database/schema.py": "refused before a console opens",
    "sync/config": "a configuration that is wrong is refused before a console opens",
    "sync/describing": "`skew describe` writes a file for a person to read",
    "sync/notifying": "a message outside, where there are no keys",
}
"""Texts that no console shows, and why."""


def shown() -> Iterator[Path]:
    for room in SHOWN:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not any(name.startswith(other) for other in OTHERS):
                yield path


@pytest.mark.long
def test_no_text_of_the_console_names_a_command() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text[:90]!r}"
        for path in shown()
        for line, text in texts(path)
        if COMMAND.search(text)
    ]
    assert found == []


def test_what_is_left_out_still_names_one() -> None:
    """So that the list of what is left out grows no moss."""
    for other in OTHERS:
        path = ROOT / other
        files = path.rglob("*.py") if path.is_dir() else [path]
        assert any(COMMAND.search(text) for file in files for _, text in texts(file)), other


@pytest.mark.parametrize("kind", IncidentKind)
def test_no_remedy_of_an_incident_names_a_command(kind: IncidentKind) -> None:
    incident = Incident(1, "shop", kind, 1, 1, 1, "", None, key="A")
    text = remedies.incident_remedy(incident, "F")

    assert not COMMAND.search(text)
    assert ("F lets it be corrected" in text) is (kind in _FREEZING)


_FREEZING = (IncidentKind.SECOND_WRITER, IncidentKind.LOOP, IncidentKind.SHARED_POOL)


def test_the_commands_put_in_their_own_remedy() -> None:
    assert set(remedies._OF_WHY) == {decisions.FROZEN, decisions.UNREAD}


def test_a_sentence_of_an_older_cache_is_put_right() -> None:
    old = "No update is proposed for it until it agrees, or until `skew unfreeze`"

    assert plain_times(old, 0) == (
        "No update is proposed for it until it agrees, or until a person unfreezes it"
    )


def test_every_text_is_looked_at() -> None:
    assert len(list(shown())) > 200
    assert list(texts(ROOT / "console/keys/deciding.py"))
