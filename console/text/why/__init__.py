"""Why a listing is as it is, in plain words: pure."""
