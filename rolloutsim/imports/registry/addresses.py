"""Addresses to which no word of a stranger may lead: those of this machine, of its network, and of clouds' metadata.

A host that the user named may have an address of the user's own network. Where a literal address was named, it is
that one, unless it is a link-local or a metadata service's. What a registry names (where tokens are, where a blob is)
must be public.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6052 and 8215 (NAT64), 3056 (6to4), 4380 (Teredo),
4291 section 2.5.5 (IPv4-mapped). Metadata services: the clouds' documentation of the address.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

LOOPBACK, PRIVATE, SHARED = "a loopback address", "a private address", "an address of carrier-grade NAT"
_METADATA, _LINK_LOCAL = "the address of a cloud's metadata service", "a link-local address"
_NOT_PUBLIC = "no public address"
# What a name may stand for that the user typed: networks of the user's own.
OWN = frozenset({LOOPBACK, PRIVATE, SHARED})
_NEVER = frozenset({_METADATA, _LINK_LOCAL})  # not even where the address itself was typed: no registry is there

_KINDS: tuple[tuple[IPv4Network | IPv6Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("169.254.169.254/32", _METADATA),  # AWS, Azure, GCP and others
        ("169.254.170.2/32", _METADATA),  # AWS ECS: credentials of a task
        ("100.100.100.200/32", _METADATA),  # Alibaba Cloud
        ("168.63.129.16/32", _METADATA),  # Azure, and public otherwise
        ("fd00:ec2::/32", _METADATA),  # AWS: fd00:ec2::254, ::23
        ("fd20:ce::254/128", _METADATA),  # GCP
        ("0.0.0.0/8", "an unspecified address"),
        ("::/128", "an unspecified address"),
        ("127.0.0.0/8", LOOPBACK),
        ("::1/128", LOOPBACK),
        ("169.254.0.0/16", _LINK_LOCAL),
        ("fe80::/10", _LINK_LOCAL),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("10.0.0.0/8", PRIVATE),
        ("172.16.0.0/12", PRIVATE),
        ("192.168.0.0/16", PRIVATE),
        ("fc00::/7", PRIVATE),
        ("fec0::/10", PRIVATE),
        ("64:ff9b:1::/48", PRIVATE),
        ("100.64.0.0/10", SHARED),
        ("192.0.0.0/24", _NOT_PUBLIC),
        ("192.0.2.0/24", _NOT_PUBLIC),
        ("192.88.99.0/24", _NOT_PUBLIC),
        ("198.18.0.0/15", _NOT_PUBLIC),
        ("198.51.100.0/24", _NOT_PUBLIC),
        ("203.0.113.0/24", _NOT_PUBLIC),
        ("240.0.0.0/4", _NOT_PUBLIC),
        ("2001::/23", _NOT_PUBLIC),
        ("2001:db8::/32", _NOT_PUBLIC),
        ("3fff::/20", _NOT_PUBLIC),
    )
)
_GLOBAL = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def kind(address: IPv4Address | IPv6Address) -> str | None:
    """What an address is that is not public, None if it is; of one that holds another, what that is."""
    inner = _inner(address)
    if inner is not None:
        return kind(inner)
    for network, name in _KINDS:
        if address.version == network.version and address in network:
            return name
    return None if isinstance(address, IPv4Address) or address in _GLOBAL else _NOT_PUBLIC


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def refusal(address: str, host: str, is_named: bool) -> str | None:
    """Why an address is not connected to, None if it may be.

    Parameters
    ----------
    address : str
        What a host was resolved to.
    host : str
        That host.
    is_named : bool
        Whether the user named the host.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return "no address"
    what = kind(found)
    if what is None or (is_named and (what in OWN or (is_address(host) and what not in _NEVER))):
        return None
    return what


def is_address(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
