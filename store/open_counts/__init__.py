"""How many disagreements are open, counted as they open, change and close.

A header reads these counts a hundred times a minute, and to judge 100,000 rows each time is slow.
Why a disagreement can't be acted on is for nearly all of them a matter of two channels: its own,
and the one that its target rests on. Such ones are counted by these two in `open_counts`, and the
clock is asked once for each group when the counts are read. Those of which more must be known
stand in `open_apart` and are judged one by one, as are those above `open_counts_reach`, which were
not looked at yet. So the counts may lag behind, and what is read of them never does.
"""
