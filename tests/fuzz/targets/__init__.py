"""All that takes input from outside, by name: `python -m tests.fuzz --list` prints the names."""

from collections.abc import Mapping

from tests.fuzz.oracle import FuzzTarget
from tests.fuzz.targets import answers, caches, configurations, files, languages, strangers

TARGETS: Mapping[str, FuzzTarget] = {
    **configurations.TARGETS,
    **files.TARGETS,
    **strangers.TARGETS,
    **languages.TARGETS,
    **caches.TARGETS,
    **answers.TARGETS,
}
