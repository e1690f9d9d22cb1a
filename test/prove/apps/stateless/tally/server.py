import json
import os
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STORE = os.environ["STORE_URL"]
CHOICES = ("tea", "coffee")


def count(choice):
    try:
        return json.load(urllib.request.urlopen(f"{STORE}/{choice}"))
    except urllib.error.HTTPError:
        return 0


class Poll(BaseHTTPRequestHandler):
    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, {choice: count(choice) for choice in CHOICES})

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        choice = json.loads(self.rfile.read(length))["choice"]
        if choice not in CHOICES:
            self.answer(400, {"error": "tea or coffee"})
            return
        urllib.request.urlopen(f"{STORE}/{choice}?op=incr", data=b"").close()
        self.answer(201, {"choice": choice})

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Poll).serve_forever()
