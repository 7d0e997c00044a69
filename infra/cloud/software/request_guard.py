"""Refuse requests that a web page sent, in front of every API of the emulator.

The emulator listens on loopback, has no passwords and runs code: whoever reaches it can create a function and invoke
it. Programs on this machine may do that. A page in a browser must not, whoever wrote it. Browsers send such requests
for pages of any site, and a name that a site owns can point to 127.0.0.1 (DNS rebinding).

Three headers that a page cannot forge tell them apart:

- `Host` names the address in the browser's address bar, so a rebound name shows there.
- `Origin` names the page's own address, on every request that can change something and on every read by a script.
- `Sec-Fetch-Site` says whether another site caused the request, also where there is no Origin: images, frames, links.

SDKs and command lines send no Origin and no Sec-Fetch-Site, and name the address that they were given.
"""

import json
import re

CODE = "BIFOLD_FOREIGN_REQUEST"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

# SDKs write a bucket or an API's id in front of the endpoint's name. Names below `localhost` always mean this machine
# (RFC 6761), so nobody can point one elsewhere.
_BELOW_LOCALHOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+localhost")
# `same-site` is foreign too: a site ignores ports, so it covers every other server on this machine.
_OWN_SITES = frozenset({"none", "same-origin"})
_CORS_PREFIX = b"access-control-"


def foreign(headers, port: int) -> tuple[str, str] | None:
    """What shows that a web page sent a request: the header and its value. None for every other request."""
    own_origins = {f"http://{name}:{port}" for name in LOOPBACK}
    seen: dict[str, list[str]] = {}
    for name, value in headers:
        seen.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1").strip().lower())
    for host in seen.get("host", ["none"]):
        # Any port: a program may come through a proxy on this machine, and a page cannot choose a name of loopback.
        name, _, host_port = host.rpartition(":")
        if not host_port.isdigit() or (name not in LOOPBACK and not _BELOW_LOCALHOST.fullmatch(name)):
            return "Host", host
    for origin in seen.get("origin", []):
        if origin not in own_origins:
            return "Origin", origin
    for site in seen.get("sec-fetch-site", []):
        if site not in _OWN_SITES:
            return "Sec-Fetch-Site", site
    return None


def _refusal(header: str, value: str, port: int) -> bytes:
    allowed = {
        "Host": " or ".join(f"{name}:PORT" for name in LOOPBACK),
        "Origin": f"none, or that of the emulator itself: http://{LOOPBACK[0]}:{port}",
        "Sec-Fetch-Site": "none or same-origin",
    }[header]
    parts = {
        "code": CODE,
        "failed": "the local cloud refuses requests of web pages: it has no passwords and runs code",
        "received": f"{header}: {value[:200]}",
        "allowed": allowed,
        "remedy": "send the request from a program, or from a server that your page asks",
    }
    message = f"{parts['failed']}; got {parts['received']}; expected: {allowed}; fix: {parts['remedy']} [{CODE}]"
    return json.dumps({"__type": CODE, "message": message, **parts}).encode()


def guarded(app, port: int):
    """An ASGI application that passes on only what no web page sent, and lets no page read an answer."""

    async def refuse(scope, receive, send, header: str, value: str) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        body = _refusal(header, value, port)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def guard(scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await app(scope, receive, send)
        found = foreign(scope["headers"], port)
        if found is not None:
            return await refuse(scope, receive, send, *found)

        async def send_unshared(message):
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", [])
                        if not name.lower().startswith(_CORS_PREFIX)]
                message = {**message, "headers": kept}
            await send(message)

        return await app(scope, receive, send_unshared)

    return guard
