"""The files of views: read, checked, written; and the command that opens one."""

from pathlib import Path
from typing import Any

import pytest

from console.keys.action import PageName
from console.tui.session import memory, saved_views
from console.tui.session.memory import PageMemory, Remembered
from console.tui.session.saved_views import SavedView, SavedViews
from sync.errors import ConfigErrors
from tests.sync.config_text import SMALLEST, read

BUYERS = """
[buyers]
filter = 'risk>100 "a \\ phrase"'
sort = "age"
group = "channel"

[failed]
page = "updates"
group = "failed"
"""


def test_the_team_s_file_beside_the_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "views.toml").write_text(BUYERS)
    views = loaded(tmp_path)

    assert list(views.all) == ["buyers", "failed"]
    assert views.all["buyers"].memory.sort == "age"
    assert views.all["failed"].page is PageName.UPDATES


def test_the_configuration_names_another(tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text("[night]\nfilter = 'age>1h'\n")
    assert list(loaded(tmp_path, '[console]\nviews = "team.toml"\n').all) == ["night"]
    with pytest.raises(ConfigErrors, match=r"console.views: .*nowhere.toml: no such file"):
        loaded(tmp_path, '[console]\nviews = "nowhere.toml"\n')


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[buyers]\nfiler = 'x'", "buyers.filer: is not a known key; did you mean `filter`?"),
        ("[buyers]\nsort = 'agee'", 'buyers.sort: "agee" is not known; did you mean `age`?'),
        ("[buyers]\ngroup = 'chanel'", 'buyers.group: "chanel" is not known; did you mean'),
        ("[buyers]\npage = 'update'", 'buyers.page: "update" is not a page of views; did you mean'),
        ("[buyers]\nfilter = 'kind:x'", "buyers.filter: “x” is not a kind"),
        ("[buyers]\nfilter = 'channel:shp'", "buyers.filter: “shp” is not a channel"),
        ("[buyers]\nsort = 3", "buyers.sort: must be text in quotes"),
        ("['two words']\nsort = 'age'", '"two words": a view\'s name is one word'),
        ("buyers = 1", "buyers: must be a table: write [buyers]"),
        ("[buyers", "end of document: Expected"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_file_and_key(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "views.toml").write_text(text)
    with pytest.raises(ConfigErrors) as caught:
        loaded(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'views.toml'}: ")
    assert says in str(caught.value)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    buyers = PageMemory('channel:shop "a \\ b" ü\t', "age", "cause")
    kept = {
        "buyers": SavedView(PageName.DISAGREEMENTS, buyers, is_own=True),
        "käufer": SavedView(PageName.INCIDENTS, PageMemory("state:closed"), is_own=True),
    }
    path.write_text(saved_views.written(kept), encoding="utf-8")

    assert saved_views.read(path, ("shop",), is_own=True) == kept


def test_of_two_of_one_name_the_own_view_counts_and_two_consoles_lose_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "views.toml").write_text("[buyers]\nsort = 'age'\n")
    here, there = loaded(tmp_path), loaded(tmp_path)
    here.save("buyers", SavedView(PageName.DISAGREEMENTS, PageMemory(sort="SKU")))
    there.save("night", SavedView(PageName.DISAGREEMENTS, PageMemory(filter="age>1h")))

    again = loaded(tmp_path)
    assert again.all["buyers"].memory.sort == "SKU"
    assert list(again.own) == ["buyers", "night"]
    assert again.path is not None
    assert again.path.stat().st_mode & 0o777 == 0o600
    again.forget("buyers")
    assert loaded(tmp_path).all["buyers"].memory.sort == "age"


def test_a_broken_file_of_one_s_own_is_not_written_over(tmp_path: Path) -> None:
    views = loaded(tmp_path)
    views.save("night", SavedView(PageName.DISAGREEMENTS, PageMemory()))
    assert views.path is not None
    views.path.write_text("[nig")
    with pytest.raises(ConfigErrors):
        views.save("day", SavedView(PageName.DISAGREEMENTS, PageMemory()))
    assert views.path.read_text() == "[nig"


def test_the_demo_keeps_them_for_the_run() -> None:
    views = SavedViews()
    views.save("night", SavedView(PageName.DISAGREEMENTS, PageMemory()))
    assert list(views.all) == ["night"]
    began = views.remembered("night", Remembered(page="updates"))
    assert began.page == PageName.DISAGREEMENTS


def test_a_view_that_is_not_there_is_refused_with_the_nearest(
    tmp_path: Path, skew: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.commands.run.live.need_terminal", lambda _: None)
    (tmp_path / "skew.toml").write_text(SMALLEST)
    (tmp_path / "views.toml").write_text("[buyers]\nsort = 'age'\n")
    ran = skew("watch", "--config", str(tmp_path / "skew.toml"), "--view", "buyer")
    assert ran.code == 2
    assert '"buyer" is not a view; did you mean `buyers`?' in ran.err


def loaded(folder: Path, more: str = "") -> SavedViews:
    settings = read(SMALLEST + more, base=folder)
    return saved_views.load(settings, memory.recall(folder / "skew.toml"))
