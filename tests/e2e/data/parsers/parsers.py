"""Reads URLs as a parser of Python's, or libcurl, reads them.

A URL a line, in hex; for each a line with scheme, host, port and path between spaces, in hex, or nothing.
"""

import ctypes
import sys


def urllib(url):
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    port = parts.port
    return parts.scheme, parts.hostname, 443 if port is None else port, parts.path


def httpx(url):
    from httpx2 import URL

    parts = URL(url)
    return parts.scheme, parts.host, parts.port or 443, parts.path


def urllib3(url):
    from urllib3.util import parse_url

    parts = parse_url(url)
    return parts.scheme, parts.host, parts.port or 443, parts.path or ""


def curl():
    library = ctypes.CDLL("libcurl.so.4")
    library.curl_url.restype = ctypes.c_void_p
    library.curl_url_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    library.curl_url_get.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_uint]
    library.curl_url_cleanup.argtypes = [ctypes.c_void_p]
    default_port = 1

    def read(url):
        handle = library.curl_url()
        try:
            text = url.encode()
            if b"\0" in text or library.curl_url_set(handle, 0, text, 0) != 0:
                raise ValueError(url)
            # CURLUPART_SCHEME, _HOST, _PORT, _PATH
            return [part(handle, which) for which in (1, 5, 6, 7)]
        finally:
            library.curl_url_cleanup(handle)

    def part(handle, which):
        found = ctypes.c_char_p()
        if library.curl_url_get(handle, which, ctypes.byref(found), default_port) != 0:
            raise ValueError(which)
        return found.value.decode()

    return read


parsers = {"urllib": lambda: urllib, "httpx": lambda: httpx, "urllib3": lambda: urllib3, "curl": curl}
read = parsers[sys.argv[1]]()
answers = []
for line in sys.stdin.read().splitlines():
    try:
        answer = " ".join(str(part) for part in read(bytes.fromhex(line).decode()))
    except Exception:
        answer = ""
    answers.append(answer.encode(errors="replace").hex())
print("\n".join(answers))
