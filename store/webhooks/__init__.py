"""Which webhooks were received: in a file of their own, which no poll keeps waiting."""
