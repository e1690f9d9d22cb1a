# Another language: times, chance, a memo of a pure function, a file written and removed.
import functools
import json
import os
import random
import tempfile
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@functools.lru_cache
def fahrenheit(celsius):
    return celsius * 9 / 5 + 32


class Weather(BaseHTTPRequestHandler):
    def do_GET(self):
        kind, _, value = self.path.strip("/").partition("/")
        with tempfile.TemporaryFile() as scratch:
            scratch.write(self.path.encode())
        if kind == "fahrenheit":
            answer = {"fahrenheit": fahrenheit(int(value))}
        else:
            answer = {"id": str(uuid.uuid4()), "now": int(time.time()), "noise": random.random(), "unit": "celsius"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Request-Id", uuid.uuid4().hex)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Weather).serve_forever()
