"""What a report is written to: whoever reads slowly, or no more, holds nothing up."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.reports.streaming import outlet as outlet_module
from console.reports.streaming.outlet import Outlet
from tests.long_run import examples

MUCH = "▲ a row of a report\n" * 20_000
"""More than any pipe holds."""


class ReadPipe:
    """A pipe, its end for writing as a stream, and all that is read of it once somebody begins."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        self.stream: TextIO = os.fdopen(writing, "w", encoding="utf-8")
        self.got = b""
        self._thread = threading.Thread(target=self._read)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> str:
        self.stream.close()
        self._thread.join()
        os.close(self.reading)
        return self.got.decode()

    def _read(self) -> None:
        while data := os.read(self.reading, 1 << 16):
            self.got += data


def write(pipe: ReadPipe, text: str, error: BaseException | None = None) -> None:
    with Outlet(pipe.stream, unfinished="UNFINISHED") as outlet:
        outlet.write(text)
        if error is not None:
            raise error


@pytest.fixture
def pipe() -> Iterator[ReadPipe]:
    made = ReadPipe()
    yield made
    if not made.stream.closed:
        made.stream.close()


def test_a_reader_that_stands_still_holds_up_no_more_than_the_patience(
    pipe: ReadPipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet_module, "PATIENCE_S", 0.05)
    with Outlet(pipe.stream) as outlet:
        for _ in range(3):
            outlet.write(MUCH)
        # All is written, and nobody has read a byte: only now somebody begins.
        pipe.begin()
    assert pipe.end() == MUCH * 3


def test_what_was_kept_goes_first_as_soon_as_the_reader_goes_on(
    pipe: ReadPipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet_module, "PATIENCE_S", 0.0)
    with Outlet(pipe.stream) as outlet:
        outlet.write(MUCH)
        pipe.begin()
        while len(pipe.got) < len(MUCH.encode()):
            outlet.write("")
        outlet.write("the last line\n")
    assert pipe.end() == MUCH + "the last line\n"


@settings(max_examples=examples(100), deadline=None)
@given(parts=st.lists(st.text(max_size=30).map(lambda text: text * 1_000), max_size=12))
def test_nothing_is_lost_or_changes_places(parts: list[str]) -> None:
    written = [part.replace("\r", "").encode("utf-8", "replace").decode() for part in parts]
    pipe = ReadPipe()
    with Outlet(pipe.stream) as outlet:
        outlet._patience_s = 0.0
        for number, part in enumerate(written):
            outlet.write(part)
            if number == len(written) // 2:
                pipe.begin()
        if not written:
            pipe.begin()
    assert pipe.end() == "".join(written)


def test_nobody_who_reads_is_said_at_once(pipe: ReadPipe) -> None:
    os.close(pipe.reading)
    with pytest.raises(BrokenPipeError):
        write(pipe, MUCH)


def test_a_file_has_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    with path.open("w", encoding="utf-8") as file, Outlet(file) as outlet:
        outlet.write(MUCH)
    assert path.read_text(encoding="utf-8") == MUCH


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_broke_off_ends_with_its_mark_and_waits_for_nobody(
    pipe: ReadPipe, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet_module, "PATIENCE_S", 0.0)
    with pytest.raises(error):
        write(pipe, "a row\n", error())
    pipe.begin()
    assert pipe.end() == "a row\nUNFINISHED"


def test_what_is_too_much_for_a_reader_that_stands_still_is_dropped_with_the_error(
    pipe: ReadPipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet_module, "PATIENCE_S", 0.0)
    with pytest.raises(ValueError, match="half"):
        write(pipe, MUCH, ValueError("half way"))
    pipe.begin()
    assert len(pipe.end()) < len(MUCH)
