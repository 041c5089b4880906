"""How we learn what channels show, and how we change it. No SQL, no screen."""
