"""A machine whose time, threads and processes are simulated: what runs on it can be repeated."""
