"""The cache's file as a whole: copied, put back, checked, made smaller."""
