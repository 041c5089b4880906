"""Trouble speaks once: which incidents are told, how, and when again."""

import msgspec

from console.tui.drawing.tones import Tone
from console.tui.views.incidents import TOAST_LINES, ToastState, announce
from store.model import Incident, IncidentKind

NOW = 1_795_701_731_000


def incident(
    number: int, kind: str = IncidentKind.STALE, channel: str | None = "shop", **more: object
) -> Incident:
    values = {"message": "no good poll", "acknowledged_by": None} | more
    return Incident(number, channel, kind, NOW - 60_000, NOW, 1, **values)  # type: ignore[arg-type]


def changed(incident: Incident, **more: object) -> Incident:
    return msgspec.structs.replace(incident, **more)


def after(*found: Incident, now: int = NOW) -> ToastState:
    """What a console has heard that began with these."""
    return announce(None, found, now)


def test_what_was_open_at_the_start_is_one_line_of_the_log_and_no_toast() -> None:
    found = after(incident(1), incident(2, IncidentKind.CREDENTIALS, "market"))

    assert found.lines == (("2 incidents are open: shop stale, market credentials", Tone.WARN),)
    assert (found.toast, found.bell) == (None, False)
    assert after(incident(1)).lines == (("1 incident is open: shop stale", Tone.WARN),)
    assert after() == ToastState({})


def test_a_new_incident_is_told_once_with_its_message() -> None:
    before = after(incident(1))

    found = announce(
        before.known, [incident(1), incident(2, IncidentKind.QUARANTINED, "market")], NOW
    )
    again = announce(
        found.known, [incident(1), incident(2, IncidentKind.QUARANTINED, "market")], NOW + 60_000
    )

    assert found.lines == (("market quarantined: no good poll", Tone.BAD),)
    assert found.toast is not None
    assert (found.toast.title, found.toast.text) == ("market quarantined", "no good poll")
    assert found.toast.severe
    assert (again.lines, again.toast) == ((), None)


def test_trouble_of_no_channel_is_skews_own() -> None:
    found = announce({}, [incident(1, IncidentKind.SURPRISE, None)], NOW)
    assert found.toast is not None
    assert (found.toast.title, found.toast.severe) == ("skew surprise", False)
    assert found.lines[0][1] is Tone.WARN


def test_several_at_once_are_one_toast_and_each_a_line_of_the_log() -> None:
    many = [incident(number, channel=f"shop-{number}") for number in range(1, 10)]

    found = announce({}, many, NOW)

    assert len(found.lines) == 9
    assert found.toast is not None
    assert found.toast.title == "9 new incidents"
    lines = found.toast.text.splitlines()
    assert lines[0] == "shop-1 stale: no good poll"
    assert lines[TOAST_LINES:] == ["and 5 more: 4 lists them"]


def test_a_message_can_add_no_line_and_no_control_character_to_a_toast() -> None:
    found = announce(
        {}, [incident(1, message="a\nb\x1b]0;owned\x07"), incident(2, message="[b]\u202e")], NOW
    )
    assert found.toast is not None
    assert found.toast.text.splitlines() == [
        "shop stale: a␊b␛]0;owned␇",
        "shop stale: [b]\ufffd",
    ]


def test_a_snoozed_incident_is_silent_and_is_told_as_new_when_its_snooze_ends() -> None:
    before = after(incident(1))
    snoozed = incident(1, snoozed_by="bo", snoozed_until=NOW + 60_000)

    quiet = announce(before.known, [snoozed], NOW)
    toasts = announce(quiet.known, [snoozed], NOW + 60_000)

    assert (quiet.lines, quiet.toast) == ((), None)
    assert toasts.toast is not None
    assert toasts.lines == (("shop stale: no good poll", Tone.BAD),)


def test_an_acknowledgement_before_the_snooze_does_not_silence_what_comes_after_it() -> None:
    snoozed = incident(1, acknowledged_by="bo", acknowledged_at=NOW - 5, snoozed_until=NOW + 60_000)
    quiet = announce(after(incident(1)).known, [snoozed], NOW)
    assert announce(quiet.known, [snoozed], NOW + 60_000).toast is not None


def test_what_is_snoozed_at_the_start_is_told_when_its_snooze_ends() -> None:
    snoozed = incident(1, snoozed_until=NOW + 60_000)
    assert after(snoozed).lines == ()
    assert announce(after(snoozed).known, [snoozed], NOW + 60_000).toast is not None


def test_what_somebody_has_seen_already_is_a_line_and_no_toast() -> None:
    found = announce({}, [incident(1, acknowledged_by="bo", acknowledged_at=NOW)], NOW, bell=True)
    assert len(found.lines) == 1
    assert (found.toast, found.bell) == (None, False)


def test_the_end_of_what_was_told_is_told_and_that_of_what_was_not_is_not() -> None:
    silent = incident(2, channel="market", snoozed_until=NOW + 60_000)
    before = after(incident(1), silent)

    found = announce(before.known, [], NOW)

    assert found.lines == (("shop stale: over", Tone.OK),)
    assert found.toast is None


def test_snoozing_what_was_told_is_not_its_end() -> None:
    quiet = announce(after(incident(1)).known, [incident(1, snoozed_until=NOW + 60_000)], NOW)
    assert quiet.lines == ()


def test_the_bell_rings_with_a_toast_and_only_for_who_wants_it() -> None:
    assert announce({}, [incident(1)], NOW, bell=True).bell
    assert not announce({}, [incident(1)], NOW).bell
    assert not announce({1: incident(1)}, [incident(1)], NOW, bell=True).bell
    assert not announce(None, [incident(1)], NOW, bell=True).bell


def test_the_same_trouble_that_comes_back_later_is_another_incident_and_is_told() -> None:
    before = announce(after(incident(1)).known, [], NOW)
    found = announce(before.known, [changed(incident(1), id=7)], NOW)
    assert found.toast is not None
