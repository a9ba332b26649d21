"""Where a request comes from, for limits per address."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from fastapi import Request

ONE_CLIENTS_BITS = 64
"""Of an IPv6 address: the rest a client chooses itself, and could choose anew for each request."""


def client_address(request: Request) -> str:
    """Return the client's address, of IPv6 its network; behind a trusted proxy that is the one the proxy names."""
    if request.client is None:
        return "unknown"
    host = request.client.host
    try:
        address = ip_address(host)
    except ValueError:
        return host  # a proxy's name for it
    if not isinstance(address, IPv6Address):
        return host
    return str(address.ipv4_mapped or IPv6Network((int(address), ONE_CLIENTS_BITS), strict=False))
