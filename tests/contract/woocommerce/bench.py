"""What the tests of the kind `woocommerce` ask and say again and again."""

from tests.contract.harness import Reading

BEFORE, SINCE = (10, 0), (10, 3)
"""A version without a list of all variations, and one with it."""


def warnings(reading: Reading) -> list[str]:
    return [warning for page in reading.pages for warning in page.warnings]
