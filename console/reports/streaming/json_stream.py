"""One JSON document, written as its parts come; the bytes are those of `json_documents.write`."""

import json
from collections.abc import Callable, Iterable

Write = Callable[[str], None]


class JsonStream:
    """A document of keys at its top, in the order in which they are written. `end` it.

    What breaks off before its end can't be read as JSON.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._before = "{"

    def value(self, key: str, value: object) -> None:
        """Write a key with a value that is at hand."""
        if isinstance(value, list) and value:
            self.texts(key, [list(map(json.dumps, value))])
        else:
            self._key(key)
            self._write(json.dumps(value))

    def texts(self, key: str, pages: Iterable[Iterable[str]]) -> None:
        """Write a key with a list, each item as the JSON text that it is, a line each."""
        self._key(key)
        before = "[\n  "
        for page in pages:
            text = ",\n  ".join(page)
            if text:
                self._write(before + text)
                before = ",\n  "
        self._write("[]" if before.startswith("[") else "\n]")

    def end(self) -> None:
        self._write("}\n" if self._before != "{" else "{}\n")

    def _key(self, key: str) -> None:
        self._write(f"{self._before}{json.dumps(key)}: ")
        self._before = ", "
