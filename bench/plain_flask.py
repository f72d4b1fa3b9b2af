"""The peer: ``python -m bench.plain_flask PORT FILE ETAG``, a view as Flask's manual shows it.

On the server that the service has, with as many threads. It knows no editions and no codings: it
holds one file, and lets Werkzeug look at the conditions.
"""

import sys
from pathlib import Path
from typing import cast

from flask import Flask, Response, request
from uvicorn import Config, Server

from service.settings.communique_file import HttpSettings
from service.web import CacheMiddleware, WsgiAdapter


def make_app(body: bytes, etag: str) -> Flask:
    """An application with one document, compressed already."""
    app = Flask(__name__)

    @app.get("/feeds/economy.atom")
    def show() -> Response:
        response = Response(body, mimetype="application/atom+xml")
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Cache-Control"] = "public, max-age=3600"
        response.headers["Vary"] = "Accept-Encoding"
        response.set_etag(etag.strip('"'))
        response.make_conditional(request)
        return response

    return app


def main(port: int, path: Path, etag: str) -> None:
    """Serve until told to stop."""
    threads = HttpSettings().threads
    app = make_app(path.read_bytes(), etag)
    # What the adapter asks of the layer that is not here.
    app.base_path = ""  # type: ignore[attr-defined]
    app.check_store_in_background = lambda _: None  # type: ignore[attr-defined]
    bridge = WsgiAdapter(cast(CacheMiddleware, app), threads=threads)
    config = Config(
        bridge, port=port, http="httptools", loop="uvloop", interface="asgi3", ws="none",
        lifespan="off", log_config=None, access_log=False, proxy_headers=False,
    )  # fmt: skip
    Server(config).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
