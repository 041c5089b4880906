"""A terminal that is gone takes what is written to it, so that the console ends."""

import io
import threading

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from console.tui.drawing.terminal_driver import Lenient


class Gone(io.StringIO):
    """The file of a terminal that has been closed from the other side."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error", text)

    def flush(self) -> None:
        raise OSError(5, "Input/output error")


def test_the_thread_that_writes_outlives_the_terminal_and_ends_when_told() -> None:
    writer = WriterThread(Lenient(Gone()))  # type: ignore[arg-type]
    writer.start()

    def leave() -> None:
        for _ in range(2 * MAX_QUEUED_WRITES):
            writer.write("a frame")
        writer.stop()

    leaving = threading.Thread(target=leave, daemon=True)
    leaving.start()
    leaving.join(20)
    assert not leaving.is_alive()


def test_what_is_written_reaches_a_terminal_that_is_there() -> None:
    terminal = io.StringIO()
    file = Lenient(terminal)
    file.write("a frame")
    file.flush()
    assert terminal.getvalue() == "a frame"
