import pickle
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import msgspec
import pytest

from sync.errors import ConfigError
from sync.secrets import Secret, SecretSource, bearer, resolve


def fetch(source: SecretSource, base: Path, **environ: str) -> str:
    return resolve(source, key="channels.shop.token", base=base, environ=environ).reveal()


def test_an_environment_variable_is_read(tmp_path: Path) -> None:
    assert fetch(SecretSource(env="SHOP_KEY"), tmp_path, SHOP_KEY="s3cret") == "s3cret"


def test_a_file_is_read_relative_to_the_configuration_without_its_last_newline(
    tmp_path: Path,
) -> None:
    (tmp_path / "shop.key").write_bytes(b"\xef\xbb\xbfs3cret\r\n")

    assert fetch(SecretSource(file="shop.key"), tmp_path) == "s3cret"


class OneEntry(keyring.backend.KeyringBackend):
    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        if service == "locked":
            raise keyring.errors.KeyringLocked("s3cret in the backend's words")
        return "s3cret" if (service, username) == ("skew", "shop") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.PasswordSetError(f"{service}/{username} of {len(password)}")


@pytest.fixture
def _one_entry() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(OneEntry())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("_one_entry")
def test_a_keyring_entry_is_read(tmp_path: Path) -> None:
    assert fetch(SecretSource(keyring="skew/shop"), tmp_path) == "s3cret"


@pytest.mark.usefixtures("_one_entry")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SecretSource(env="SHOP_KEY"), "variable SHOP_KEY is not set; export it"),
        (SecretSource(env="EMPTY"), "the secret in EMPTY is empty"),
        (SecretSource(env="LINES"), "line break"),
        (SecretSource(file="nowhere"), "can't be read (No such file or directory)"),
        (SecretSource(file="latin"), "not UTF-8"),
        (SecretSource(file="long"), "too long"),
        (SecretSource(keyring="skew/nobody"), "`keyring set skew nobody`"),
        (SecretSource(keyring="locked/shop"), "KeyringLocked"),
    ],
)
def test_a_missing_secret_names_its_key_and_the_remedy(
    tmp_path: Path, source: SecretSource, words: str
) -> None:
    (tmp_path / "latin").write_bytes(b"s3cret\xe9")
    (tmp_path / "long").write_bytes(b"s3cret" * 20_000)

    with pytest.raises(ConfigError) as caught:
        fetch(source, tmp_path, EMPTY="", LINES="s3cret\nX-Evil: 1")

    assert caught.value.key == "channels.shop.token"
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [{}, {"env": "A", "file": "b"}, {"env": " "}, {"keyring": "no-slash"}, {"value": "x"}],
)
def test_a_source_names_exactly_one_place(table: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, SecretSource)


def test_a_secret_shows_itself_to_nobody_but_reveal() -> None:
    secret = Secret("s3cret", name="SHOP_KEY")

    assert f"{secret} {secret!r} {secret!s:>5} {[secret]}".count("s3cret") == 0
    assert secret == Secret("s3cret", name="elsewhere")
    assert hash(secret) == hash(Secret("s3cret", name="elsewhere"))
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)


def test_a_bearer_token_is_sent_after_its_scheme_and_still_hidden() -> None:
    header = bearer(Secret("s3cret", name="SHOP_KEY"))

    assert (header.wire(), header.reveal(), header.name) == ("Bearer s3cret", "s3cret", "SHOP_KEY")
    assert repr(header) == "•••"
    assert header != Secret("s3cret", name="SHOP_KEY")


def test_a_scheme_of_its_own_is_sent_before_it(tmp_path: Path) -> None:
    source = SecretSource(env="KEY", scheme="Token")
    secret = resolve(source, key="token", base=tmp_path, environ={"KEY": "s3cret"})

    assert (bearer(secret).wire(), secret.reveal()) == ("Token s3cret", "s3cret")


def test_a_replaced_secret_is_written_to_its_file_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "shop.key"
    path.write_text("the-first\n")
    path.chmod(0o640)
    secret = resolve(SecretSource(file="shop.key"), key="token", base=tmp_path)

    assert secret.replace("the-s3cond")

    assert (secret.reveal(), path.read_text()) == ("the-s3cond", "the-s3cond\n")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [found.name for found in tmp_path.iterdir()] == ["shop.key"]
    assert not secret.is_replaced()
    path.write_text("by-hand\n")
    assert secret.reveal() == "by-hand"


def test_a_replaced_secret_that_can_not_be_kept_is_used_while_the_program_runs(
    tmp_path: Path,
) -> None:
    secret = resolve(
        SecretSource(env="KEY"), key="token", base=tmp_path, environ={"KEY": "the-first"}
    )
    gone = resolve_file(tmp_path / "gone")

    assert not secret.replace("the-s3cond")
    assert not gone.replace("the-s3cond")
    assert (secret.reveal(), gone.reveal()) == ("the-s3cond", "the-s3cond")


def resolve_file(folder: Path) -> Secret:
    """A secret whose folder goes away after it was read."""
    folder.mkdir()
    (folder / "key").write_text("the-first")
    secret = resolve(SecretSource(file="key"), key="token", base=folder)
    (folder / "key").unlink()
    folder.rmdir()
    return secret


@pytest.mark.usefixtures("_one_entry")
def test_a_keyring_that_takes_nothing_is_no_failure(tmp_path: Path) -> None:
    secret = resolve(SecretSource(keyring="skew/shop"), key="token", base=tmp_path)

    assert not secret.replace("the-s3cond")
    assert secret.reveal() == "the-s3cond"
