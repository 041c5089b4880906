"""What has become decidable since the last look."""

from typing import TYPE_CHECKING

from store.corrections import propose
from sync.polling.recovery import EngineContext
from sync.settings import Settings

if TYPE_CHECKING:
    from sync.corrections.written_rules import WrittenRules


class ProposalWatch:
    """Proposes what can be acted on now, and approves what a written rule covers."""

    def __init__(self) -> None:
        self._rules: WrittenRules | None = None

    async def look(self, context: EngineContext, settings: Settings) -> None:
        """Look once. Raises StoreError."""
        now = context.clock.now()
        await context.database.awrite(propose.propose, now=now)
        if settings.approval.mode != "rules":
            return
        if self._rules is None:
            from sync.corrections.written_rules import WrittenRules

            self._rules = WrittenRules()
        await self._rules.approve(context.database, settings, now, context.log)
