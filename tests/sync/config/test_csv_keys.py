"""The keys of a file: each alone and in wrong company."""

import pytest

from tests.sync.config_text import SMALLEST, errors_of


@pytest.mark.parametrize(
    ("keys", "key", "words"),
    [
        (
            'timezone = "Germany/Berlin"',
            "timezone",
            '"Germany/Berlin" is not a time zone: did you mean "Europe/Berlin"?',
        ),
        ("skip = -1", "skip", "must be 0 to 1,000 lines, not -1"),
        ("skip = 9999", "skip", "must be 0 to 1,000 lines, not 9999"),
        ('skip = "2"', "skip", "must be a whole number, not text in quotes"),
        ("delimiter = '\"'", "delimiter", 'must be one character such as ";", not """'),
        ('delimiter = "::"', "delimiter", 'must be one character such as ";", not "::"'),
        (
            'encoding = "base64"',
            "encoding",
            '"base64" is not known; use utf-8, cp1252 or utf-16',
        ),
        (
            'words = { "5" = "absent" }',
            "words",
            (
                '"5" is a number, which means itself; a word is text, such as "not stocked" = '
                '"absent", or a number that counts nothing: negative, or 999, 9999 …'
            ),
        ),
        ('changes = "c*.csv"', "changes", 'needs the names of full lists too: full = "full*.csv"'),
        (
            'full = "a*.csv"\nchanges = "a*.csv"',
            "changes",
            'must be other names than full, such as "changes-*.csv"',
        ),
        (
            'full = "in/full*.csv"',
            "full",
            (
                '"in/full*.csv" is not a file\'s name: write one without its folder, such as '
                '"full*.csv"'
            ),
        ),
        (
            'full = "full*.csv"\nchanges = "c*.csv"\nlocations = { a = "X", b = "X" }',
            "changes",
            (
                'can\'t work where several locations are one: "a", "b". A file of changes may name '
                "one of them only; give each a place of its own in `locations`, or leave `changes` "
                "out"
            ),
        ),
        (
            'export = "out/corrections.csv"',
            "export",
            (
                '"out/corrections.csv" must have {batch} in the file\'s name, and no other braces, '
                'so that no file is overwritten: export = "out/corrections-{batch}.csv"'
            ),
        ),
        (
            'export = "./c-{batch}.csv"\npath = "."',
            "export",
            "must be in another folder than the files that are read: they would be read too",
        ),
        (
            'direction = "push"',
            "direction",
            (
                '"push" needs a way to write: add export = "out/corrections-{batch}.csv", or write '
                '"observe"'
            ),
        ),
        (
            'username = "stock"',
            "username",
            'goes with a path on a server, such as path = "sftp://files.example.com/stock.csv"',
        ),
        (
            'path = "ftp://files.example.com/stock.csv"',
            "path",
            (
                '"ftp://files.example.com/stock.csv" must begin with sftp://, ftps://, s3:// or '
                "https:// and a host"
            ),
        ),
        (
            'path = "sftp://stock:hunter2@files.example.com/stock.csv"',
            "path",
            "must not contain a user or password: use `username`, `password`",
        ),
        (
            'path = "https://example.com/s.csv"\nprivate_key = "id"',
            "private_key",
            "does not go with https://; what does: password, token, username",
        ),
        (
            'path = "https://example.com/s.csv"\ntoken = { env = "T" }\nusername = "u"',
            "token",
            "and password exclude each other: write one of them",
        ),
        (
            'path = "s3://bucket/s.csv"\nendpoint = "http://s3.example.com"',
            "endpoint",
            'must be an https URL: endpoint = "https://s3.example.com"',
        ),
        (
            'path = "https://example.com/s.csv"\nfull = "full*.csv"',
            "full",
            "needs a folder, and https has none: name the file itself",
        ),
        (
            'path = "sftp://example.com/s.csv"\npassword = "hunter2"',
            "password",
            (
                "a secret must not be in the file; say where it is: "
                '{ env = "NAME" }, { file = "PATH" } or { keyring = "service/name" }'
            ),
        ),
        ("timezone = 1", "timezone", 'must be a time zone such as "Europe/Berlin", not 1'),
    ],
)
def test_a_key_that_cannot_work_is_refused_with_one_that_can(
    keys: str, key: str, words: str
) -> None:
    text = SMALLEST.replace('path = "warehouse.csv"\n', "") if "path =" in keys else SMALLEST
    assert errors_of(text + keys) == {
        f"channels.warehouse.{key}": f"channels.warehouse.{key}: {words}"
    }
