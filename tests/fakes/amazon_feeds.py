"""Amazon's feeds: documents at another server, and a report of what became of each message."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.loopback import Answer, ReceivedRequest

Take = Callable[[str, list[dict[str, Any]]], dict[str, Any] | None]


@dataclass
class AmazonFeedDesk:
    """Takes feeds. `documents_url` is where the documents' own server is."""

    documents_url: str = ""
    documents: dict[str, bytes] = field(default_factory=dict)
    feeds: dict[str, dict[str, Any]] = field(default_factory=dict)
    looks_until_done: int = 2
    ends: str = "DONE"
    issue_of_all: str = ""
    """An issue of the whole feed, instead of the messages' own."""
    asked: list[ReceivedRequest] = field(default_factory=list)
    """What reached the documents' server."""

    def answer(self, asked: ReceivedRequest, take: Take) -> Answer:
        parts = urlsplit(asked.path).path.removeprefix("/feeds/2021-06-30/").split("/")
        if parts == ["documents"]:
            assert asked.json == {"contentType": "application/json; charset=UTF-8"}
            return Answer(self._document(f"in-{len(self.documents) + 1}"), 201)
        if parts[0] == "documents":
            return Answer({**self._document(parts[1]), "compressionAlgorithm": "GZIP"})
        if parts == ["feeds"]:
            return self._create(asked.json, take)
        feed = self.feeds[parts[1]]
        feed["looks"] += 1
        is_done = feed["looks"] >= self.looks_until_done
        status = self.ends if is_done else "IN_PROGRESS"
        found = {"feedId": parts[1], "feedType": "JSON_LISTINGS_FEED", "processingStatus": status}
        if is_done and self.ends == "DONE":
            found["resultFeedDocumentId"] = f"out-{parts[1]}"
        return Answer(found)

    def _document(self, name: str) -> dict[str, str]:
        return {
            "feedDocumentId": name,
            "url": f"{self.documents_url}/{name}?X-Amz-Signature=s1gned-{name}",
        }

    def _create(self, wanted: dict[str, Any], take: Take) -> Answer:
        assert wanted["feedType"] == "JSON_LISTINGS_FEED"
        assert len(wanted["marketplaceIds"]) == 1
        content = json.loads(self.documents[wanted["inputFeedDocumentId"]])
        assert content["header"]["version"] == "2.0"
        assert len(content["messages"]) <= 25_000
        number = str(len(self.feeds) + 1)
        self.feeds[number] = {"looks": 0, "messages": content["messages"], **wanted}
        issues, accepted = [], 0
        for message in content["messages"]:
            assert message["operationType"] == "PATCH"
            assert message["productType"]
            if self.issue_of_all or self.ends == "CANCELLED":
                continue
            result = take(message["sku"], message["patches"])
            found = result["issues"] if result else [{"severity": "ERROR", "message": "no SKU"}]
            accepted += not found
            issues += [{"messageId": message["messageId"], **issue} for issue in found]
        if self.issue_of_all:
            issues = [{"severity": "ERROR", "message": self.issue_of_all}]
        summary = {"errors": len(issues), "warnings": 0, "messagesAccepted": accepted}
        report = {"header": {}, "issues": issues, "summary": summary}
        self.documents[f"out-{number}"] = gzip.compress(json.dumps(report).encode())
        return Answer({"feedId": number}, 202)

    def document_answer(self, asked: ReceivedRequest) -> Answer:
        """Answer for the documents' own server, which wants a signature and nothing else."""
        self.asked.append(asked)
        url = urlsplit(asked.path)
        name = url.path.removeprefix("/")
        if url.query != f"X-Amz-Signature=s1gned-{name}" or "x-amz-access-token" in asked.headers:
            return Answer(b"<Error><Code>SignatureDoesNotMatch</Code></Error>", 403)
        if asked.method == "PUT":
            assert asked.headers["content-type"] == "application/json; charset=UTF-8"
            self.documents[name] = asked.body
            return Answer()
        return Answer(self.documents[name], headers={"Content-Type": "application/octet-stream"})
