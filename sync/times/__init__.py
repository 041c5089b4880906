"""Time zones, and the hours that are quiet in one."""
