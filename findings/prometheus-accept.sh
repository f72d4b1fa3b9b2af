#!/usr/bin/env bash
# prometheus_client sends OpenMetrics to those who refuse it, and calls it 2.0.0 when asked to.
#
# Guess: the format of /metrics is negotiated: weights count, q=0 means never, and an unknown version gets the text format.
# True:  the first mention of application/openmetrics-text decides, whatever its weight: also q=0 and q=0.1 behind
#        text/plain;q=0.9. Asked for version 2.0.0, it labels the same OpenMetrics 1.0 bytes as 2.0.0.
# Seen:  prometheus_client 0.26.0, November 2026.
# For us: /metrics is chosen so. Prometheus's own header is served right; a scraper that cannot read OpenMetrics must not name
#        it, q=0 or not.
. "$(dirname "$0")/lib.sh"
pip_install prometheus_client==0.26.0

"$python" - >"$seen" <<'PY'
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import choose_encoder

registry = CollectorRegistry()
Counter("requests", "Requests.", registry=registry).inc()
bodies = {}
for accept in (
    "text/plain",
    "text/plain;q=0.9,application/openmetrics-text;version=1.0.0;q=0.1",
    "text/plain,application/openmetrics-text;version=1.0.0;q=0",
    "application/openmetrics-text;version=2.0.0,text/plain;q=0.5",
):
    encode, content_type = choose_encoder(accept)
    bodies[accept] = encode(registry)
    print(f"Accept: {accept}\n  -> {content_type}, # EOF: {bodies[accept].endswith(b'# EOF' + bytes([10]))}")
print("1.0.0 and 2.0.0 are the same bytes:", len({body for accept, body in bodies.items() if "version" in accept}) == 1)
PY
compare <<'END'
Accept: text/plain
  -> text/plain; version=0.0.4; charset=utf-8, # EOF: False
Accept: text/plain;q=0.9,application/openmetrics-text;version=1.0.0;q=0.1
  -> application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores, # EOF: True
Accept: text/plain,application/openmetrics-text;version=1.0.0;q=0
  -> application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores, # EOF: True
Accept: application/openmetrics-text;version=2.0.0,text/plain;q=0.5
  -> application/openmetrics-text; version=2.0.0; charset=utf-8; escaping=underscores, # EOF: True
1.0.0 and 2.0.0 are the same bytes: True
END
