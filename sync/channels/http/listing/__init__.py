"""The list of a described API: its pages, its records, and whether it is whole."""
