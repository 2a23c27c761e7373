"""A host of somebody else's: asks whoever comes for a password, and writes each request's Authorization into a file.

Arguments: certificate, key, that file, and a file that gets the port on loopback once somebody listens there.
"""

import os
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

certificate, key, seen, place = sys.argv[1:]


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        with open(seen, "a") as file:
            file.write(f"{self.command} {self.path} {self.headers.get('Authorization')}\n")
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_HEAD = answer

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
open(seen, "w").close()
with open(place + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(place + ".new", place)
server.serve_forever()
