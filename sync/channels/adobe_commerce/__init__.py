"""The kind `adobe-commerce`: Adobe Commerce and Magento 2 with their inventory (MSI), by REST."""
