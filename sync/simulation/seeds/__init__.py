"""Trials by their seeds: one run, many compared, a failing one cut down."""
