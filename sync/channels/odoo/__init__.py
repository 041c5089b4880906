"""The kind `odoo`: the stock of an Odoo database, by JSON-2 or JSON-RPC."""
