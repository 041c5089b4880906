"""`auth.query`: keys in the address of each request."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from sync.secrets import Secret
from sync.transport.call import FormFields, Signed


class QueryProof:
    """Shows keys in the query of a URL."""

    def __init__(self, keys: Mapping[str, str | Secret]) -> None:
        self._keys = keys

    def secrets(self) -> Sequence[Secret]:
        return [value for value in self._keys.values() if isinstance(value, Secret)]

    def sign(self, method: str, url: str, form: FormFields | None) -> Signed:  # noqa: ARG002
        keys = [(n, v.wire() if isinstance(v, Secret) else v) for n, v in self._keys.items()]
        return Signed(with_parameters(url, keys))


def with_parameters(url: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Add parameters to a URL's query, instead of those of these names that it has."""
    # An API may put what we sent into the address of its next page. It is not sent twice.
    parts = urlsplit(url)
    names = {name for name, _ in parameters}
    kept = [part for part in parts.query.split("&") if part and not names & _names(part)]
    query = "&".join([*kept, urlencode(parameters, quote_via=quote, safe="")])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def _names(part: str) -> set[str]:
    return {name for name, _ in parse_qsl(part, keep_blank_values=True)}
