"""A real SMTP server for the tests: keeps every message as a file; can refuse, be slow, or say nothing.

Prints `port N` when it listens on 127.0.0.1:N. Ends when its standard input is closed.
"""

import argparse
import asyncio
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

LOGIN = b"counterbell"
PASSWORD = b"let me in"
# Replies to a mail that do not look like those of the books.
ODD_REPLIES = {
    "latin1": b"250 2.0.0 angenommen, sch\xf6nen Gru\xdf\r\n",
    "bare": b"250\r\n",
    "long": b"250 " + 3000 * b"x" + b"\r\n",
    "endless-line": 65536 * b"x",
    "endless-reply": 4096 * b"250-and so on\r\n",
}


class Mailbox:
    """Files `NNNN.eml` and `NNNN.json` (envelope), the second written when the first is complete."""

    def __init__(self, directory, options):
        self.directory = directory
        self.refuse = options.refuse
        self.reply = f"{options.code} {'5.1.1 No such mailbox' if options.code == 550 else '4.3.0 Not now, try again later'}"
        self.times_left = options.times
        self.hold = options.hold
        self.received = 0

    def refuses(self, verb, recipients):
        if self.refuse != verb or self.times_left == 0:
            return False
        self.times_left -= 1
        with open(self.directory / "refused", "a") as file:
            file.write(f"{verb} {' '.join(recipients)}\n")
        return True

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if self.refuses("RCPT", [address]):
            name, _, domain = address.partition("@")
            return f"{self.reply} <{address}> user {name.upper()} at {domain} unknown <{name}>: {name}%{domain}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.hold:
            (self.directory / "held").touch()
        while self.hold and not (self.directory / "released").exists():
            await asyncio.sleep(0.02)
        if self.refuses("DATA", envelope.rcpt_tos):
            return f"{self.reply} ({envelope.rcpt_tos[0].partition('@')[0]})"
        self.received += 1
        path = self.directory / f"{self.received:04}.eml"
        path.write_bytes(envelope.original_content)
        about = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("sslcontext") is not None,
            "hello": session.host_name,
            "login": session.auth_data.login.decode() if session.auth_data else None,
        }
        path.with_suffix(".part").write_text(json.dumps(about))
        path.with_suffix(".part").rename(path.with_suffix(".json"))
        server.odd_reply = ODD_REPLIES.get(server.options.odd)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == LOGIN and data.password == PASSWORD
    return AuthResult(success=good, handled=False, auth_data=data)


class Server(SMTP):
    """With what this version of aiosmtpd lacks for the machines we run on, and with bad manners."""

    options = None
    silent = False
    odd_reply = None

    async def push(self, status):
        line = status if isinstance(status, str) else status.decode()
        # A reply of several lines is one reply.
        if line[3:4] != "-":
            await asyncio.sleep(self.options.delay)
        while self.silent:
            await asyncio.sleep(3600)
        if self.odd_reply:
            await self.push_odd_reply()
        elif self.options.odd == "injected" and line.startswith("220 Ready"):
            await super().push(f"{line}\r\n250 slipped in")
        else:
            await super().push(status)

    async def push_odd_reply(self):
        reply, self.odd_reply = self.odd_reply, None
        self.transport.write(reply)
        while self.options.odd.startswith("endless") and not self.transport.is_closing():
            self.transport.write(reply)
            await asyncio.sleep(0.02)

    async def smtp_EHLO(self, hostname):
        await super().smtp_EHLO(hostname)
        self.silent = self.options.silent_after == "EHLO"

    def connection_made(self, transport):
        with open(self.options.directory / "connections", "a") as file:
            file.write("connected\n")
        self.silent = self.options.silent_after == "CONNECT"
        # Without this, a connection that is encrypted from the start counts as plain and is offered no AUTH.
        if transport.get_extra_info("sslcontext") is not None and self._tls_protocol is None:
            self._auth_require_tls = False
        super().connection_made(transport)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--directory", type=pathlib.Path, required=True)
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--auth", action="store_true", help="take nothing without login")
    parser.add_argument("--ascii", action="store_true", help="offer no SMTPUTF8")
    parser.add_argument("--refuse", choices=["RCPT", "DATA"])
    parser.add_argument("--times", type=int, default=0)
    parser.add_argument("--code", type=int, default=451, help="what it refuses with")
    parser.add_argument("--hold", action="store_true", help="answer DATA only once there is a file `released`")
    parser.add_argument("--odd", choices=[*ODD_REPLIES, "injected"], help="what is odd about its replies")
    parser.add_argument("--delay", type=float, default=0, help="seconds before each reply")
    parser.add_argument("--silent-after", choices=["CONNECT", "EHLO"], help="say nothing from then on")
    options = parser.parse_args()

    context = None
    if options.tls != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    mailbox = Mailbox(options.directory, options)
    Server.options = options
    starttls = context if options.tls == "starttls" else None

    def connection():
        return Server(
            mailbox,
            hostname="localhost",
            enable_SMTPUTF8=not options.ascii,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=options.auth,
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    implicit = context if options.tls == "implicit" else None
    server = await loop.create_server(connection, "127.0.0.1", 0, ssl=implicit)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    # Whoever started us is gone when this ends: so are we.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
