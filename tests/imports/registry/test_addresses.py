"""Which addresses a stranger's word may lead to. Oracle: the registries of special-purpose addresses of IANA."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.imports.registry.addresses import kind, refusal

METADATA = "the address of a cloud's metadata service"
KINDS = {
    "127.0.0.1": "a loopback address",
    "127.255.0.9": "a loopback address",
    "::1": "a loopback address",
    "::ffff:127.0.0.1": "a loopback address",
    "64:ff9b::7f00:1": "a loopback address",
    "2002:7f00:1::": "a loopback address",
    "10.0.0.1": "a private address",
    "172.31.255.255": "a private address",
    "192.168.1.1": "a private address",
    "::ffff:10.0.0.1": "a private address",
    "64:ff9b::a00:1": "a private address",
    "2002:c0a8:101::1": "a private address",
    "fc00::1": "a private address",
    "64:ff9b:1::1": "a private address",
    "fec0::1": "a private address",
    "100.64.0.1": "an address of carrier-grade NAT",
    "169.254.1.1": "a link-local address",
    "fe80::1": "a link-local address",
    "fe80::1%eth0": "a link-local address",
    "169.254.169.254": METADATA,
    "::ffff:169.254.169.254": METADATA,
    "64:ff9b::a9fe:a9fe": METADATA,
    "169.254.170.2": METADATA,
    "100.100.100.200": METADATA,
    "168.63.129.16": METADATA,
    "fd00:ec2::254": METADATA,
    "fd20:ce::254": METADATA,
    "0.0.0.0": "an unspecified address",
    "::": "an unspecified address",
    "224.0.0.1": "a multicast address",
    "ff02::1": "a multicast address",
    "255.255.255.255": "no public address",
    "198.18.0.1": "no public address",
    "2001::1": "no public address",
    "2001:db8::1": "no public address",
    "::127.0.0.1": "no public address",
    "1234::1": "no public address",
}
PUBLIC = ("8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450:4001::1", "64:ff9b::808:808", "2002:808:808::1")
NEVER = {METADATA, "a link-local address"}
OWN = {"a loopback address", "a private address", "an address of carrier-grade NAT"}


@pytest.mark.parametrize("address", KINDS)
def test_an_address_that_is_not_public(address: str) -> None:
    assert kind(ip_address(address)) == KINDS[address]
    assert refusal(address, "host.example", is_named=False) == KINDS[address]
    # A name that the user typed may stand for the user's own network, and a typed address is itself, if it is not where
    # no registry is.
    assert refusal(address, "host.example", is_named=True) == (None if KINDS[address] in OWN else KINDS[address])
    assert refusal(address, address, is_named=True) == (KINDS[address] if KINDS[address] in NEVER else None)
    assert refusal(address, address, is_named=False) == KINDS[address]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_is_public(address: str) -> None:
    assert refusal(address, "host.example", is_named=False) is None


@given(st.ip_addresses())
def test_what_python_knows_not_to_be_public_is_none(address: object) -> None:
    found = ip_address(str(address))
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    if not inner.is_global or inner.is_multicast:
        assert kind(found) is not None
