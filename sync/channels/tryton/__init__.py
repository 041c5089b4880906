"""The kind `tryton`: the stock of a Tryton server, through its JSON-RPC."""
