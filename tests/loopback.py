"""The server on loopback of the contract suite, which every other test of HTTP uses too."""

from sync.contract.loopback import FakeAnswer as Answer
from sync.contract.loopback import Loopback, ReceivedRequest, script, serving

__all__ = ["Answer", "Loopback", "ReceivedRequest", "script", "serving"]
