"""The twenty-first schema: narrow cells, and open disagreements apart from those that have closed.

`listings` was one wide table with an index for its two parts. It is a view now over `cells`, which
has what every comparison reads, and over tables beside it of what is rarely read or rarely there.
A cell's id is its channel's number times 2**28 plus its item's (`store.cells.cell_ids`).
"""
