"""`skew mcp` as an assistant's program talks to it: a process, and the protocol over its pipes."""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.console.command_shop import seed

needs_mcp = pytest.mark.skipif(find_spec("mcp") is None, reason="the extra mcp is missing")

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def talking(config: Path) -> AsyncIterator[Any]:
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "console", "mcp", "--config", str(config)], env=environ
    )
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session


def content(result: Any) -> Any:
    return json.loads(result.content[0].text)


@pytest.mark.long
@needs_mcp
async def test_an_assistant_reads_and_finds_nothing_that_decides(tmp_path: Path) -> None:
    config = seed(tmp_path)
    async with talking(config) as session:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        status = content(await session.call_tool("status", {}))
        found = content(await session.call_tool("disagreements", {"channel": "shop", "limit": 1}))
        pending = content(await session.call_tool("pending_updates", {"sku": "LAMP"}))
        why = content(await session.call_tool("why", {"sku": "LAMP"}))
        history = content(await session.call_tool("history", {"sku": "LAMP", "since": "2h"}))
        option = await session.call_tool("history", {"sku": "--help"})
        wrong = await session.call_tool("disagreements", {"channel": "no such"})
        large = await session.call_tool("disagreements", {"limit": 10_000})

    assert set(tools) == {"status", "disagreements", "pending_updates", "why", "history"}
    assert all(tool.annotations.read_only_hint for tool in tools.values())
    assert status["disagreements"]["open"] == 2
    assert len(found["disagreements"]) == 1
    assert found["disagreements_left_out"] >= 1
    assert {update["sku"] for update in pending["updates"]} == {"LAMP"}
    assert {"listings", "conservation"} <= set(why)
    assert {found["channel"]: found["verdict"] for found in why["listings"]}["shop"] == "disagrees"
    assert history["entries"]
    assert "\x1b" not in json.dumps(why, ensure_ascii=False)
    assert "Usage:" not in option.content[0].text
    assert wrong.is_error
    assert "no such" in wrong.content[0].text
    assert large.is_error
