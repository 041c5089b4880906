"""A small shop with a JSON API, to try Skew on before you connect your own.

    python3 shop.py          # on http://127.0.0.1:8765, until Ctrl-C
    python3 shop.py 9000     # on another port

It begins with the stock of shop.json and keeps what is written to it until it ends.

    GET  /stock?page=1       {"items": [{"sku", "name", "stock", "price"}, …], "next": "…"}
    GET  /stock/LAMP-01      one of them
    PUT  /stock/LAMP-01      {"stock": 14, "was": 31}; 409 where it has not 31 any more
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PORT = 8765
PAGE = 3
"""So few on a page that there is a second one to follow."""

Item = dict[str, Any]


class Shop(ThreadingHTTPServer):
    """The stock, and the pages that show it."""

    daemon_threads = True

    def __init__(self, port: int, items: list[Item]) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.items = {item["sku"]: item for item in items}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Shop

    def log_message(self, *_: object) -> None:
        """Print nothing for a request: the console may be open in the same terminal."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/stock":
            self._answer(200, self._page(int(parse_qs(url.query).get("page", ["1"])[0])))
        else:
            self._answer_with(self._item(url.path))

    def do_PUT(self) -> None:
        update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        item = self._item(self.path)
        if item is not None and update["was"] != item["stock"]:
            self._answer(409, {"message": f"it has {item['stock']}, not {update['was']}"})
            return
        if item is not None:
            item["stock"] = update["stock"]
        self._answer_with(item)

    def _page(self, number: int) -> Item:
        items = list(self.server.items.values())
        more = number * PAGE < len(items)
        return {
            "items": items[(number - 1) * PAGE : number * PAGE],
            "next": f"/stock?page={number + 1}" if more else None,
        }

    def _item(self, path: str) -> Item | None:
        return self.server.items.get(unquote(path.removeprefix("/stock/")))

    def _answer_with(self, item: Item | None) -> None:
        if item is None:
            self._answer(404, {"message": "there is no such article"})
        else:
            self._answer(200, item)

    def _answer(self, status: int, body: Item) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until Ctrl-C."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else PORT
    items = json.loads(Path(__file__).with_name("shop.json").read_text(encoding="utf-8"))
    with Shop(port, items) as shop:
        print(f"The shop is at {shop.url}/stock; Ctrl-C ends it.", flush=True)
        try:
            shop.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
