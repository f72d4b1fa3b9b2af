#!/usr/bin/env bash
# All feeds of a publisher name the first feed that anybody fetched as their topic.
#
# Guess: @publisher() without an address gives each answer a rel="self" of its own: "the url of the current request will be
#        used", says its documentation.
# True:  the decorator keeps the address of the first request for good. Of a view for /feeds/<name>.atom every feed announces
#        whichever was fetched first, in the header and in the document: who subscribes to any of them subscribes to that one.
#        Each process has another first one, and the first one's query stays, too.
# Seen:  Flask-WebSub 0.4.1, Flask 3.1.3, November 2026.
# For us: not used; topics are made from the configured address, never from a request.
. "$(dirname "$0")/lib.sh"
pip_install Flask-WebSub==0.4.1 Flask==3.1.3

"$python" - >"$seen" <<'PY'
from flask import Flask
from flask_websub.publisher import init_publisher, publisher

app = Flask(__name__)
app.config["HUB_URL"] = "https://hub.example/"
init_publisher(app)


@app.route("/feeds/<name>.atom")
@publisher()
def feed(name: str) -> str:
    return name


client = app.test_client()
for path in ("/feeds/economy.atom?utm_source=x", "/feeds/culture.atom", "/feeds/sport.atom"):
    print(path, "->", client.get(path).headers["Link"])
PY
compare <<'END'
/feeds/economy.atom?utm_source=x -> <http://localhost/feeds/economy.atom?utm_source=x>; rel="self", <https://hub.example/>; rel="hub"
/feeds/culture.atom -> <http://localhost/feeds/economy.atom?utm_source=x>; rel="self", <https://hub.example/>; rel="hub"
/feeds/sport.atom -> <http://localhost/feeds/economy.atom?utm_source=x>; rel="self", <https://hub.example/>; rel="hub"
END
