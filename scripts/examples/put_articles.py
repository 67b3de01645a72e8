#!/usr/bin/env python3
"""Puts three articles into a coordinator by docs/wire-protocol.md, with nothing but sockets.

    put_articles.py HOST PORT [FIRST_NUMBER]
"""
import hashlib, socket, sys

ARTICLES = [
    b'{"url":"https://harbour.example/ferry","headline":"Ferry resumes","body":"The ferry runs again."}',
    b'{"url":"https://harbour.example/bridge","headline":"Bridge closed","body":"The bridge is closed for repairs."}',
    b'{"url":"https://harbour.example/market","headline":"Market moves","body":"The fish market moves to the old pier."}',
]


def line(stream):
    text = stream.readline().decode().rstrip("\r\n")
    if not text or text.startswith("ERROR"):
        sys.exit("refused: " + (text or "connection closed"))
    return text.split(" ")


host, port = sys.argv[1], int(sys.argv[2])
number = int(sys.argv[3]) if len(sys.argv) > 3 else 1
payload = b"\n".join(ARTICLES)
digest = hashlib.sha256(payload).hexdigest()
with socket.create_connection((host, port), timeout=30) as connection:
    stream = connection.makefile("rb")
    greeting = line(stream)
    if greeting[:2] != ["CORANTO", "0"]:
        sys.exit("no coordinator of version 0: " + " ".join(greeting))
    connection.sendall(b"HELLO 0 client put-articles - -\r\n")
    line(stream)
    connection.sendall(f"PUT {number} live durable {digest} {len(payload)}\r\n".encode() + payload + b"\r\n")
    answer = line(stream)
    connection.sendall(b"QUIT\r\n")
print(" ".join(answer))
sys.exit(0 if answer[0] == "ACCEPTED" else 1)
