"""Traces of polls and writes, sent by OpenTelemetry to whoever collects them."""
