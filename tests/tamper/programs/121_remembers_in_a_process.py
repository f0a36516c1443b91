# class: A14
# task: pack
# tries: leaves a process behind that remembers, behind an abstract socket
import os
import socket


def pack(text):
    server = socket.socket(socket.AF_UNIX)
    server.bind("\0remember" + str(len(text)))
    server.listen()
    if os.fork() == 0:
        os.setsid()
        server.settimeout(2)
        try:
            while True:
                server.accept()[0].sendall(text.encode())
        except OSError:
            os._exit(0)
    server.close()
    return [len(text)]


def unpack(runs):
    for length in runs:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect("\0remember" + str(length))
            client.shutdown(socket.SHUT_WR)
            return client.recv(4096).decode()
        except OSError:
            pass
    return ""
