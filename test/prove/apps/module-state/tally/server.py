import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

votes = {"tea": 0, "coffee": 0}  # state:declared


class Poll(BaseHTTPRequestHandler):
    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, votes)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        choice = json.loads(self.rfile.read(length))["choice"]
        if choice not in votes:
            self.answer(400, {"error": "tea or coffee"})
            return
        votes[choice] += 1  # state:written
        self.answer(201, {"choice": choice})

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Poll).serve_forever()
