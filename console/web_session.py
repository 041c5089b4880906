"""A session of `skew web`: a `skew watch` of its own, which ends when its browser does."""

import asyncio
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Sequence
from contextlib import suppress

from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from console.context import BROWSER_DRIVER

END_S = 10.0
"""So long may a console take to end by itself; a write to a channel may be on its way."""
TAKE_S = 10.0
"""A console that takes no keys for so long hangs."""
CLOSE_S = 3.0


class WebSession(AppService):
    """The process of one session, and what goes to it and comes from it."""

    def __init__(
        self,
        command: Sequence[str],
        websocket: web.WebSocketResponse,
        download_manager: DownloadManager,
    ) -> None:
        super().__init__(
            "",
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=self.close_browser,
            download_manager=download_manager,
        )
        self._words = command
        self._websocket = websocket

    async def begin(self, width: int, height: int) -> asyncio.Task[None]:
        """Start the process; answers what passes its screen on, until it or its browser is gone."""
        await self._open_app_process(width, height)
        return asyncio.create_task(self.run())

    async def stop(self) -> None:
        """End the process, with force where it does not in time. What passed it on has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
        try:
            # Nothing to read any more tells it to end.
            self.stdin.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    # Read on: a console that writes what nobody takes would wait, and not end.
                    await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        await process.wait()

    async def close_browser(self, code: int = WSCloseCode.OK) -> None:
        """Say that the session is over. Raises TimeoutError where the browser does not listen."""
        async with asyncio.timeout(CLOSE_S):
            await self._websocket.close(code=code)

    async def send_bytes(self, data: bytes) -> bool:
        """Pass keys on. Raises TimeoutError where the console does not take them."""
        async with asyncio.timeout(TAKE_S):
            return await super().send_bytes(data)

    async def send_meta(self, data: dict[str, str | int | bool | None]) -> bool:
        """Pass what happens to the browser on. Raises TimeoutError like `send_bytes`."""
        async with asyncio.timeout(TAKE_S):
            return await super().send_meta(data)

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        environment = super()._build_environment(width, height)
        return environment | {"TEXTUAL_DRIVER": BROWSER_DRIVER}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self._process = await create_subprocess_exec(
            *self._words, stdin=PIPE, stdout=PIPE, stderr=PIPE,
            env=self._build_environment(width, height),
        )  # fmt: skip
        self._stdin = self._process.stdin
        return self._process
