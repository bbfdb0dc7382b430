"""Calls of a node's HTTP API, as one of the office's people."""

import http.client
import json
import socket
from urllib.parse import urlencode

# How long a call may take before it counts as cut off, in seconds.
SILENCE = 30.0


class Cut(Exception):
    """The call gave no outcome: what was asked may have happened."""


class Problem(Exception):
    """The node refused, and said why."""

    def __init__(self, status: int, body: bytes):
        try:
            said = json.loads(body)
        except ValueError:
            said = {}
        self.status, self.code = status, said.get("code", "")
        self.detail = said.get("detail", body[:200].decode(errors="replace"))
        super().__init__(f"{status} {self.code}: {self.detail}")


class Api:
    """One person's calls to the node at `address`; `make_socket` makes a socket that reaches it."""

    def __init__(self, address: str, token: str, make_socket):
        host, port = address.rsplit(":", 1)
        self.to, self.token, self.make_socket = (host, int(port)), token, make_socket

    def connect(self, patience: float) -> socket.socket:
        try:
            connection = self.make_socket()
            connection.settimeout(patience)
            connection.connect(self.to)
            return connection
        except OSError as error:
            raise Cut(str(error)) from error

    def call(self, method: str, path: str, body=None, query=None, patience: float = SILENCE) -> bytes:
        """One call on a connection of its own. Raises `Cut` or `Problem`."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/octet-stream"
        elif body is not None:
            headers["Content-Type"], body = "application/json", json.dumps(body).encode()
        query = {name: value for name, value in (query or {}).items() if value is not None}
        target = f"/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        link = http.client.HTTPConnection(*self.to)
        link.sock = self.connect(patience)
        try:
            link.request(method, target, body, headers)
            response = link.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Cut(str(error)) from error
        finally:
            link.close()
        if response.status >= 300:
            raise Problem(response.status, content)
        return content

    def json(self, method: str, path: str, body=None, query=None, patience: float = SILENCE):
        return json.loads(self.call(method, path, body, query, patience))

    def health(self) -> dict:
        return self.json("GET", "/health", patience=10)

    def pages(self, path: str, **query) -> list[dict]:
        """All items of a list."""
        items, cursor = [], None
        while True:
            page = self.json("GET", path, query={**query, "limit": 100, "cursor": cursor})
            items += page["items"]
            cursor = page.get("next")
            if cursor is None:
                return items

    def send(self, to: str, request: dict, file: bytes | None = None) -> dict:
        """Asks a member, with a file or none; gives the exchange."""
        reservation = None
        if file is not None:
            reservation = self.json("POST", "/reservations")["id"]
            self.call("PUT", f"/reservations/{reservation}/attachments/0", file,
                      {"name": "file.bin", "media_type": "application/octet-stream"})
        body = {"reservation": reservation, "to": [to], "request": request}
        return self.json("POST", "/requests", body)["exchanges"][0]

    def say(self, exchange: str, verb: str, body: dict) -> dict:
        return self.json("POST", f"/exchanges/{exchange}/{verb}", body)
