# Listens on the port of its argument whatever PORT says, and asks a service on this machine's loopback.
import http.server
import sys
import urllib.request


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[2]}/").read())


http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
