"""Why a listing disagrees: the predictors of a cause, by subject, and their order. Pure."""
