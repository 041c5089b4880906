"""Hostile input, found by machine: `python -m tests.fuzz` tries every decoder there is.

`targets/` says what is tried and what may come of it, `engine` how inputs are made, and `found/`
keeps each input that once broke something: the plain suite tries all of them again.
"""
