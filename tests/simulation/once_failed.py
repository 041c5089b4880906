"""Seeds that once broke a promise, each with what it found: they are run for ever."""

ONCE_FAILED: tuple[tuple[int, str], ...] = ()
