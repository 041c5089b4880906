"""When a channel's credentials end, and how long before it is said. Pure."""

from collections.abc import Mapping

from store.model import Millis
from sync.clock import rfc3339
from sync.settings import ChannelSettings

DAY_MS = 86_400_000
WARNED_BEFORE_MS = 30 * DAY_MS


def words(settings: ChannelSettings, ends: Mapping[str, Millis], now: Millis) -> str:
    """Say which credential ends within 30 days, or has ended; empty where none does.

    `ends` has by a credential's name the end that a token's answer named.
    """
    found = [(at, f"credential {name}", "s", "get a new one") for name, at in ends.items()]
    if settings.credentials_expire_at is not None:
        remedy = "replace them, then write the new date in `credentials_expire`"
        found.append((settings.credentials_expire_at, "its credentials", "", remedy))
    if not found:
        return ""
    at, what, plural, remedy = min(found)
    if at - now > WARNED_BEFORE_MS:
        return ""
    day = (rfc3339(at) or "")[:10]
    days = abs(at - now) // DAY_MS
    if at <= now:
        ago = f", {_days(days)} ago" if days else ""
        return f"{what} ended on {day}{ago}: {remedy}"
    left = f"in {_days(days)}" if days else "within a day"
    return f"{what} end{plural} on {day}, {left}: {remedy}"


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
