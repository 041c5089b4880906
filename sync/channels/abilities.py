"""What a kind of channel can do, and what is known of its limits."""

from dataclasses import dataclass

from store.model import State


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a channel can do as it is configured: one row of `skew channels`."""

    kind: str
    reads: tuple[str, ...]
    """Which of available, on_hand, committed, unavailable, incoming, state, price it reports."""
    states: frozenset[State] = frozenset()
    """The states that it can express; empty: states are not compared."""
    writes: tuple[str, ...] = ()
    """Which of quantity, state it can write; empty: observe only."""
    compare_and_set: bool = False
    """The channel itself refuses a write when its quantity is not `Change.previous`."""
    idempotency: bool = False
    """The channel applies two writes with the same `Change.key` once."""
    batch_max: int = 1
    """Changes in one call of `write`, at most."""
    by_address: bool = False
    """A call can hold only changes of one address: it is an `AddressedChannel` too."""
    later: bool = False
    """It applies later what it accepts, so that right after a write nothing shows yet."""
    reads_one: bool = False
    """`read` answers; otherwise a fresh reading costs a whole poll."""
    refs: bool = False
    """Each listing has an id of its own, its `ref`, which a write goes by."""
    events: bool = False
    """It reports what moved, and when: it is an `EventSource` too."""
    described: bool = False
    """It is described in the configuration, which can be tried: it is a `DescribedChannel` too."""
    is_local: bool = False
    """It is on this machine: to look at it sends nothing and signs in nowhere."""
    changes: bool = False
    """Some of its files hold only what changed: it is a `ChangesSource` too."""
    files: bool = False
    """It reads files, whose times are kept in mind: it is a `FileSource` too."""
    recognises: bool = False
    """It can say what of its list is as it was before it decodes it: it is a `RecognisingSource`
    too."""
    since: bool = False
    """It can list what changed since an instant, and that list is true for stock: it is a
    `SinceSource` too."""
    delta: bool = False
    """The vendor also takes changes by so many units. We send none: a repeat would count twice."""
    per_item: bool = False
    """It answers for each change of a call; otherwise a call is applied or refused as a whole."""
    locations: bool = False
    """Its listings stand at locations of its own."""
    applies_within_ms: int = 10_000
    """How long it may take until a write that it accepted shows: the default of
    `read_back_within`."""
    rate_limit: str = ""
    """The vendor's limit, in words: `2 requests a second, 2 at once`. Empty: none is known."""
    proven: str = ""
    """The real server that it was run against: `Vendure 3.7.3`. Empty: only against our copy of
    what the vendor's documents say."""
    notes: str = ""
