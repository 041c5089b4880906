"""What is imported of a kind of channel: no more than is asked for."""

import subprocess
import sys

from sync import channels

_ALL_KINDS = """
import sys
from sync import channels
for name in channels.KINDS:
    channels.kind(name).ABILITIES
print(*sys.modules)
"""


def test_what_speaks_to_a_channel_is_not_loaded_to_know_what_it_can_do() -> None:
    command = [sys.executable, "-c", _ALL_KINDS]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    speaking = ("asyncio", "httpx", "http.client", "sqlalchemy", "sync.transport.transport")
    assert [name for name in loaded if name in speaking or name.endswith(".channel")] == []


def test_a_channel_is_opened_by_the_file_beside_its_kind() -> None:
    for name, module in channels.KINDS.items():
        opener = channels.kind(name).open_channel
        assert opener.__module__ == f"{module.removesuffix('.kind')}.channel"
