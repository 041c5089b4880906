"""Every command names on stderr the lines that it does not use of the files in a configuration."""

from pathlib import Path

import pytest

from console.__main__ import run
from tests.console.command_shop import seed


def test_every_command_warns_of_lines_that_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = seed(tmp_path)
    rows = "bundle_sku,component_sku,quantity\nA,A,1\nSET,LAMP,2\n"
    (tmp_path / "bundles.csv").write_text(rows)
    path.write_text(path.read_text() + '[catalogue]\nbundles = "bundles.csv"\n')
    monkeypatch.setenv("SHOP_KEY", "x")
    for command in ("check", "status", "diff", "updates"):
        run([command, "--config", str(path)])
        warning = (
            'bundles.csv, line 2: the bundle names itself as its component; bundle "A" is not used'
        )
        assert warning in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_wrong_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = seed(tmp_path)
    path.write_text(path.read_text() + '[catalogue]\nbundles = "gone.csv"\n')
    assert run(["diff", "--config", str(path)]) == 2
    assert "catalogue.bundles: " in capsys.readouterr().err
