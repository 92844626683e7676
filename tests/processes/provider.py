"""A payment provider in a process of its own: it answers every request over HTTP and keeps it in a file.

    python provider.py FILE

It prints the port on which it listens.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


def main(path):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(request) + "\n")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"charged")

        def log_message(self, *_args):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
