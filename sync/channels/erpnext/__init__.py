"""The kind `erpnext`: the bins of an ERPNext site, corrected by stock reconciliations."""
