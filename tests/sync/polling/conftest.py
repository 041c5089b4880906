"""What the tests of polls find: a warehouse that drops files into a folder."""

from pathlib import Path

import pytest

from tests.sync.polling.drop_folder import Folder
from tests.sync.scripted_channel import Bench


@pytest.fixture
def drop(bench: Bench, tmp_path: Path) -> Folder:
    return Folder(bench, tmp_path)
