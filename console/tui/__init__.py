"""The live console: everything that needs Textual."""
