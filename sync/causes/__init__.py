"""The predictors of a disagreement's cause, by subject. `sync.explain` puts them in order."""
