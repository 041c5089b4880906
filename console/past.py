"""`skew watch --at`: the console on the past, from open to close."""

from console.app import SkewApp, name_of_settings
from console.context import login_name
from console.footing import Footing
from console.habits import Habits
from console.replay import Replay
from store.database import Database
from store.model import Millis
from sync.clock import Clock, SystemClock
from sync.settings import Settings


def run(settings: Settings, at: Millis, *, habits: Habits, clock: Clock | None = None) -> int:
    """Show the console as it was at an instant until the operator leaves; the exit code.

    Changes nothing, whoever else works on the cache. Raises StoreError where it can't be opened,
    or has nothing of that instant.
    """
    with Database.open(settings.database, at=at) as database:
        replay = Replay.begin(database, clock or SystemClock())
        footing = Footing(
            name=name_of_settings(settings.path),
            clock=replay,
            operator=habits.said.operator or login_name(),
            read_only=True,
            engine=None,
            stir=lambda: None,
            replay=replay,
        )
        app = SkewApp(database, settings, footing, habits=habits)
        return app.run() or app.return_code or 0
