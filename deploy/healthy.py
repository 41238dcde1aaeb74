"""Exit with 0 if the web server of this container answers; without Django, so that it costs little."""

import http.client
import os
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
try:
    connection.request("GET", "/healthz")
    sys.exit(0 if connection.getresponse().status == http.HTTPStatus.OK else 1)
except OSError:
    sys.exit(1)
