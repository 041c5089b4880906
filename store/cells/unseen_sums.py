"""What has moved of an item that its authority's reading does not include, in the smallest pieces.

Few items have any, and it comes and goes with each sale. So it lies apart: the items themselves lie
far from each other, and to change one is to write its whole page.
"""


def unseen_sum(figure: str, item: str = "i") -> str:
    """SQL for one of an item's sums, 0 where nothing is unseen.

    `own`: of its own movements. `available`: with what was sold from pools that share its stock.
    `on_hand`: of its own, as they moved what is on hand.
    """
    return f"coalesce((SELECT u.{figure} FROM unseen_sums u WHERE u.item_id = {item}.id), 0)"
