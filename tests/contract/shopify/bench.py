"""What the tests of the kind `shopify` ask and say again and again."""

from tests.contract.harness import (
    Reading,
)


def warnings(reading: Reading) -> list[str]:
    return [text for page in reading.pages for text in page.warnings]
