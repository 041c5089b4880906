"""The keys of `[channels.NAME.write]`: each alone and in wrong company."""

import pytest

from tests.sync.config_text import SMALLEST, errors_of, read

URL = "http://127.0.0.1:9/stock"
API = f"""{SMALLEST}
[channels.shop]
kind = "http"
url = "{URL}"
items = "items"
fields = {{ sku = "sku", available = "qty", ref = "id" }}
[channels.shop.write]
"""
WRITE = f'url = "{URL}/{{ref}}"\nbody = {{ qty = "$quantity" }}\n'
BATCH_OF_UP = f"""url = "{URL}"
body = {{ k = "$key", up = [{{ id = "$ref", q = "$quantity" }}] }}
"""
BATCH = f'url = "{URL}"\nbody = {{ id = "$ref", qty = "$quantity" }}\n'


@pytest.mark.parametrize(
    ("keys", "key", "words"),
    [
        (f'{WRITE}encoding = "xml"', "write.encoding", 'must be "json" or "form", not "xml"'),
        (f'url = "{URL}"\nbody = 5', "write.body", "must be"),
        (f'url = "{URL}"\nbody = "{{ qty: $quantity"', "write.body",
         "begins like JSON and can't be read as JSON"),
        (f'url = "{URL}"\nbody = ["$quantity"]\nencoding = "form"', "write.body",
         'must be an object or a text with encoding = "form"'),
        (f'url = "{URL}"\nbody = "$quantity"\nencoding = "form"', "write.body",
         'is not a form: write an object, or text such as "sku=$sku&qty=$quantity"'),
        (f'url = "{URL}"\nbody = "$sku;$stock"', "write.body",
         '"$stock" is not a placeholder; known: '),
        (f'url = "{URL}"\nbody = "$sku;5"', "write.body", 'needs "$quantity"'),
        (f'url = "{URL}"\nbody = {{ qty = "$quantity" }}', "write",
         "says nowhere whose the number is, so every listing would be set alike"),
        (f'url = "{URL}"\nbody = {{ id = "${{sku}}", qty = "$quantity" }}', "write.body",
         '"${sku}" is not a placeholder; known: '),
        (f'url = "{URL}"\nbody = {{ id = "$SKU", qty = "$quantity" }}', "write.body",
         '"$SKU" is not a placeholder; known: '),
        (f'url = "{URL}"\nbody = {{ id = "SKU-$sku", qty = "$quantity" }}', "write.body",
         '"SKU-$sku" would be sent as it stands: a placeholder is a whole value'),
        (f'url = "{URL}/{{sku}}"\nbody = {{ "$sku" = "$quantity" }}', "write.body",
         '"$sku" would be sent as it stands'),
        (f'{BATCH_OF_UP}batch = {{ max = 9, list = "up" }}', "write.batch",
         'can\'t fill in "$key" beside the list of the changes'),
        (f"{WRITE}accepted = [404]", "write.accepted[0]", "must be at most 299"),
        (f"{WRITE}accepted = 202", "write.accepted", "must be a list"),
        (f"{WRITE}conflict = [202]", "write.conflict[0]", "must be at least 400"),
        (f'{WRITE}if_match = "header:ETag"', "write.if_match",
         "needs write.read, the URL of one record that says its version"),
        (f'{WRITE}read = "{URL}/{{ref}}"\nif_match = "header:E Tag"', "write.if_match",
         '"header:E Tag" names no header; write "header:ETag"'),
        (f'{WRITE}read = "{URL}/{{ref}}"\nif_match = "a b"', "write.if_match",
         "is not a JMESPath expression"),
        (f'url = "{URL}"\nbody = {{ q = "$quantity", v = "$version" }}', "write.body",
         'has $version, which needs where it is read: if_match = "version"'),
        (f"{BATCH}batch = {{ max = 1 }}", "write.batch.max", "must be at least 2, not 1"),
        (f"{BATCH}batch = {{ }}", "write.batch.max", "is missing"),
        (f"{BATCH}batch = {{ max = 9, size = 3 }}", "write.batch.size", "is not a known key"),
        (f"{BATCH}batch = 100", "write.batch", "must be a table"),
        (f'{BATCH}batch = {{ max = 9, error = "error" }}', "write.batch.error",
         'has no effect without where the results stand, such as result = "update[]"'),
        (f'{BATCH}batch = {{ max = 9, id = "id" }}', "write.batch.id", "has no effect without"),
        (f'{BATCH}batch = {{ max = 9, result = "a[" }}', "write.batch.result",
         "is not a JMESPath expression"),
        (f"{WRITE}batch = {{ max = 9 }}", "write.batch", 'needs "$ref" or "$sku" in write.body'),
        (f'url = "{URL}/{{ref}}"\nbody = {{ id = "$ref", q = "$quantity" }}\nbatch = {{ max = 9 }}',
         "write.batch", "can't work with {ref} in write.url"),
        (f'url = "{URL}"\nbody = "$sku;$quantity"\nbatch = {{ max = 9 }}', "write.batch",
         "needs a write.body that is an object or a list, not text"),
        (f'url = "{URL}"\nbody = ["$sku", "$quantity"]\nbatch = {{ max = 9 }}', "write.batch",
         "needs one entry in the list of write.body, not 2"),
        (f'{BATCH}read = "{URL}/{{ref}}"\nif_match = "header:ETag"\nbatch = {{ max = 9 }}',
         "write.batch", "needs $version in write.body with if_match: a header is for one listing"),
        (f'{WRITE}item = "stock"', "write.item", "has no effect without write.read"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_work_is_refused_with_one_that_can(
    keys: str, key: str, words: str
) -> None:
    errors = errors_of(API + keys)

    assert list(errors) == [f"channels.shop.{key}"]
    assert words in errors[f"channels.shop.{key}"]


@pytest.mark.parametrize(
    "keys",
    [
        f'{BATCH}batch = {{ max = 100, list = "update", result = "update[]", id = "id" }}',
        f'{WRITE}read = "{URL}/{{ref}}"\nif_match = "header:ETag"\naccepted = [202]',
        f'url = "{URL}"\nbody = [{{ id = "$ref", q = "$quantity" }}]\nbatch = {{ max = 9 }}',
    ],
)
def test_what_works_is_taken(keys: str) -> None:
    assert read(API + keys).warnings == ()
