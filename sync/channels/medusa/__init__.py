"""The kind `medusa`: a Medusa 2 shop through its Admin API."""
