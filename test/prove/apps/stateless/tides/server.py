import json
import os
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

STORE = os.environ["STORE_URL"] + "/readings"


def readings():
    try:
        return json.load(urllib.request.urlopen(STORE))
    except urllib.error.HTTPError:
        return []


class Tides(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        levels = [one["level"] for one in readings()]
        self.answer(200, {"readings": levels, "highest": max(levels, default=None)})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        value = json.dumps({"level": body["level"]}).encode()
        kept = json.load(urllib.request.urlopen(STORE + "?op=push", data=value))
        self.answer(201, {"count": len(kept)})

    def log_message(self, *args):
        pass


HTTPServer(("", int(os.environ["PORT"])), Tides).serve_forever()
