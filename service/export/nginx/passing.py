"""What files cannot answer: passed on to the service, where one runs behind nginx."""

#: What the one who includes this has to define, in ``http``.
UPSTREAM = "communique"

_PASS = f"""\
    proxy_pass http://{UPSTREAM};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    # Who asks, for http.trusted_proxies.
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""

#: The hub with what stands below it, rssCloud and the API; and numbers, which are nobody else's.
#: Bodies are the service's to refuse, and it has words for it.
PASSING = f"""
location ~ "^/(?:hub$|hub/|cloud/|api/)" {{
{_PASS}\
    client_max_body_size 16m;
    gzip off;
}}

location = /metrics {{
    allow 127.0.0.0/8;
    allow ::1;
    deny all;
{_PASS}\
}}
"""
