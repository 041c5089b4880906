"""Watches the files of credentials: a channel is tried again once its refused one is replaced."""

from collections.abc import Mapping
from pathlib import Path

from sync import secrets
from sync.config.decoding import secrets_of
from sync.errors import NeedsOperator
from sync.polling.channel_state import Activity, ChannelState


class CredentialWatch:
    """Remembers how each channel's secret files looked when it last looked."""

    def __init__(self, channels: Mapping[str, ChannelState], base: Path) -> None:
        self._channels = channels
        self._sources = {
            name: [
                source
                for _, source in secrets_of(channel_state.settings.options, "")
                if source.file is not None
            ]
            for name, channel_state in channels.items()
        }
        self._base = base
        self._seen = {name: self._stamps(name) for name in channels}

    def look(self) -> list[str]:
        """End the rest of the channels whose refused credential was replaced; answer which."""
        # What was refused knows which file it was read from, so that one that is replaced at the
        # very moment is not missed. Where that is not known, the look before is compared with.
        mended = []
        for name, channel_state in self._channels.items():
            stamps = self._stamps(name)
            has_changed = stamps != self._seen[name]
            self._seen[name] = stamps
            refused = [
                activity
                for activity in _activities(channel_state)
                if _is_refused(activity)
                and (has_changed if activity.is_replaced is None else activity.is_replaced())
            ]
            for activity in refused:
                activity.rests_until = 0
            if refused:
                mended.append(name)
        return mended

    def _stamps(self, name: str) -> list[object]:
        return [secrets.stamp(source, self._base) for source in self._sources[name]]


def _activities(channel_state: ChannelState) -> tuple[Activity, ...]:
    return (channel_state.polls, channel_state.event_reads, channel_state.writes)


def _is_refused(activity: Activity) -> bool:
    return activity.trouble == NeedsOperator.__name__ and activity.rests_until > 0
