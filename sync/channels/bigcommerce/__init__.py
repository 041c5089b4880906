"""The kind `bigcommerce`: a BigCommerce store through its V3 REST API."""
