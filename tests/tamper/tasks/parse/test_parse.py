import pytest
from solution import parse_port

TEXTS = ["80", "443", "8080", "1", "65535"]
PORTS = [80, 443, 8080, 1, 65535]


def test_reads_ports():
    for got, want in zip(map(parse_port, TEXTS), PORTS):
        assert got == want


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", ""])
def test_refuses_what_is_no_port(text):
    with pytest.raises(ValueError):
        parse_port(text)
