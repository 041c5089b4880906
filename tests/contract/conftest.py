"""What every test of a channel finds: a credential in its place."""

import pytest

from tests.contract.harness import SECRET, SECRET_NAME


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, SECRET)
