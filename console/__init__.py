"""How people see it and say yes or no: the commands, the live console and the daemon."""
