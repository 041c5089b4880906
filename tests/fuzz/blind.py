"""Inputs made at random from the seeds, without a look at what code they reach: quick to start."""

import random
import time
from collections.abc import Sequence

from tests.fuzz.finding import Findings

LENGTH_MAX = 65_536
_ODD = (
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    "\u202e\u200b".encode(),
    b"\x1b[2J",
    b"\x9b",
    b"9" * 400,
    b"-",
    b'"',
    b"{",
    b"[",
    b"\r\n",
    b"1e999",
    b"%s",
    b"\\ud800",
    b"../",
    b"=",
    b"'''",
    b"\x7f",
    "٣".encode(),
    b"nan",
)


def mutated(
    content: bytes, others: Sequence[bytes], words: Sequence[str], draw: random.Random
) -> bytes:
    """Change an input at some places."""
    made = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        place = draw.randrange(len(made) + 1)
        match draw.randrange(7):
            case 0 if made:
                made[min(place, len(made) - 1)] = draw.randrange(256)
            case 1:
                made[place:place] = draw.randbytes(draw.choice((1, 2, 8)))
            case 2:
                del made[place : place + draw.choice((1, 4, 64))]
            case 3:
                made[place:place] = draw.choice(_ODD)
            case 4 if words:
                made[place:place] = draw.choice(words).encode("utf-8", "surrogatepass")
            case 5:
                other = draw.choice(others)
                start = draw.randrange(len(other) + 1)
                made[place : place + 16] = other[start : start + draw.choice((4, 32, 256))]
            case _:
                made[place:place] = made[max(0, place - 64) : place] * draw.choice((1, 1, 50))
    return bytes(made[:LENGTH_MAX])


def run(findings: Findings, seconds: float, seed: int) -> None:
    """Try inputs for so long: first the seeds as they are."""
    draw = random.Random(f"{findings.name} {seed}")
    began = time.monotonic()
    seeds = list(findings.target.seeds())
    kept = [*seeds, b""]
    for content in kept:
        findings.attempt(content)
        if time.monotonic() - began > seconds:
            return
    while time.monotonic() - began < seconds:
        findings.attempt(mutated(draw.choice(kept), seeds, findings.target.words, draw))
