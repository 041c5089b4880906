"""What is spared of a package's import is there for whoever asks for it."""

import subprocess
import sys

MSGSPEC = """
import sys
from console import __main__ as program
program._import_msgspec()
import msgspec
spared = ["msgspec.inspect", "msgspec._json_schema", "typing_extensions", "platform"]
print([name for name in spared if name in sys.modules])
print(msgspec.json.schema(int))
print(msgspec.inspect.type_info(int))
import msgspec.inspect
print(msgspec.inspect.IntType.__module__)
import platform, uuid
print(uuid._LINUX == (platform.system() == "Linux"), platform.machine() != "")
"""


def test_msgspec_comes_without_its_json_schemas_until_one_is_asked_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MSGSPEC], check=True, capture_output=True, text=True
    )

    spared, schema, info, real, system = done.stdout.splitlines()
    assert spared == "[]"
    assert schema == "{'type': 'integer'}"
    assert info.startswith("IntType(")
    assert real == "msgspec.inspect"
    assert system == "True True"
