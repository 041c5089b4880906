"""The commands of `skew`, a file for each occasion; `console.cli` imports the one it needs."""
