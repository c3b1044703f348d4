"""The other side of alerts, on the loopback address: a mail server, a webhook, and a proxy behind which every
https host is one of ours.

The proxy ends TLS with certificates of an authority of its own (`trust`), so that Slack, Teams, DingTalk,
Feishu and WeCom are called as ever, at their own addresses, and nothing of ours or of Apprise's is replaced.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Request:
    """A request that came in."""

    host: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Webhook:
    """An HTTP server that takes everything; or answers with what a test sets."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    status: int = 200
    answer: bytes = b'{"errcode": 0, "errmsg": "ok", "code": 0}'
    headers: dict[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None

    def heard(self, request: Request) -> None:
        self.requests.append(request)
        if self.wait is not None:
            self.wait.wait(60)


def handler(webhook: Webhook, tls: ssl.SSLContext | None = None) -> type[BaseHTTPRequestHandler]:
    """Handles POST, and CONNECT where there is a certificate to end TLS with."""

    class Handler(BaseHTTPRequestHandler):
        host = ""

        def do_CONNECT(self) -> None:
            assert tls is not None
            self.host = self.path.rpartition(":")[0]
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            self.connection = tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", buffering=0)  # type: ignore[assignment]
            self.close_connection = False

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            webhook.heard(
                Request(
                    self.host or self.headers["Host"],
                    parts.path,
                    parse_qs(parts.query),
                    dict(self.headers),
                    body,
                )
            )
            self.send_response(webhook.status)
            for name, value in webhook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(webhook.answer)))
            self.end_headers()
            self.wfile.write(webhook.answer)

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def listening(webhook: Webhook, tls: ssl.SSLContext | None = None) -> Iterator[Webhook]:
    """A webhook on a free port of the loopback address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(webhook, tls))
    server.daemon_threads = True
    webhook.port = server.server_address[1]
    work = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    work.start()
    try:
        yield webhook
    finally:
        if webhook.wait is not None:
            webhook.wait.set()
        server.shutdown()
        server.server_close()


@contextmanager
def proxied(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, folder: Path, *hosts: str
) -> Iterator[Webhook]:
    """The environment's proxy for https is a webhook that these hosts' certificates are made for."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(tls)
    trust = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(trust))
    with listening(webhook, tls):
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{webhook.port}")
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trust))
        yield webhook


@dataclass
class MailServer:
    """An SMTP server that asks for a password, and keeps what it takes."""

    password: str
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(BytesParser(policy=default).parsebytes(envelope.content))  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == self.password.encode()
        return AuthResult(success=good, handled=good)


@contextmanager
def mail_server(password: str) -> Iterator[MailServer]:
    """A mail server on a free port of the loopback address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        kept = MailServer(password, int(free.getsockname()[1]))
    controller = Controller(
        kept,
        hostname="127.0.0.1",
        port=kept.port,
        authenticator=kept.authenticate,
        auth_require_tls=False,
        auth_required=True,
    )
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
