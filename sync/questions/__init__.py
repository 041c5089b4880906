"""The six questions of the checklist, a module each. `sync.checklist` asks them in their order."""
