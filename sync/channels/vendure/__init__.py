"""The kind `vendure`: a Vendure shop through its admin API."""
