import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

PATH = "readings.json"  # state:declared


def readings():
    if not os.path.exists(PATH):
        return []
    with open(PATH) as file:
        return json.load(file)


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
        kept = readings() + [{"level": body["level"]}]
        with open(PATH, "w") as file:  # state:written
            json.dump(kept, file)
        self.answer(201, {"count": len(kept)})

    def log_message(self, *args):
        pass


HTTPServer(("", int(os.environ["PORT"])), Tides).serve_forever()
