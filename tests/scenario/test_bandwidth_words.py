"""Bandwidth as catalogues of switches name it (`10G`, `10GbE`): the error says what that is in bits a second."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.errors import RolloutsimError
from rolloutsim.units import QuantityError, parse

FILE = (
    "rolloutsim: 1\n"
    "nodes: {web: {count: 2, racks: [r]}}\n"
    "network: {rate: 1 Gbit/s, racks: {uplink: 1 Gbit/s}, links: {wan: {capacity: 1 Gbit/s}}}\n"
    "registry: {uplink: 1 Gbit/s, via: [wan]}\n"
    "images: {api: 90 MB}\n"
    "background: {backup: {links: [wan], rate: 1 Mbit/s}}\n"
)
BANDWIDTHS = (
    "registry.uplink", "registry", "network", "network.rate", "network.racks", "network.racks.uplink",
    "network.links.wan", "network.links.wan.capacity", "nodes.web.nic", "nodes.web.connection_cap",
    "registry.connection_cap", "background.backup.rate",
)  # fmt: skip
DISKS = ("nodes.web.disk", "nodes.web.disk.rate", "nodes.web.unpack", "nodes.web.unpack.rate", "registry.storage")


def hint(key: str, value: str) -> str:
    """The quantity that the error offers in place of another one."""
    with pytest.raises(RolloutsimError) as caught:
        rs.loads(FILE).with_({key: value})
    return str(caught.value).partition("(did you mean ")[2].partition("?)")[0]


@pytest.mark.parametrize("key", BANDWIDTHS)
@pytest.mark.parametrize(
    ("written", "meant"),
    [("10G", "10 Gbit/s"), ("1G", "1 Gbit/s"), ("25G", "25 Gbit/s"), ("100M", "100 Mbit/s"), ("10 GE", "10 Gbit/s"),
     ("10GbE", "10 Gbit/s"), ("10Gb", "10 Gbit/s")],
)  # fmt: skip
def test_a_bandwidth_of_a_switch_catalogue_is_one_in_bits(key: str, written: str, meant: str) -> None:
    assert hint(key, written) == meant
    assert rs.loads(FILE).with_({key: meant})


@pytest.mark.parametrize("key", DISKS)
def test_a_bare_prefix_of_a_disk_is_in_bytes_and_an_interface_is_one_in_bits_everywhere(key: str) -> None:
    assert hint(key, "200M") == "200 MB/s"
    assert hint(key, "10GbE") == "10 Gbit/s"


def test_a_bare_prefix_of_a_size_is_in_bytes() -> None:
    assert hint("images.api", "10G") == "10 GB"


def test_the_command_line_and_the_file_say_the_same() -> None:
    with pytest.raises(RolloutsimError) as of_file:
        rs.loads(FILE.replace("registry: {uplink: 1 Gbit/s", "registry: {uplink: 10G"))
    assert "(did you mean 10 Gbit/s?)" in str(of_file.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2.5GE", "2.5 Gbit/s"), ("1GigE", "1 Gbit/s"), ("10GBASE-T", "10 Gbit/s"), ("100BASE-TX", "100 Mbit/s"),
        ("100FE", "100 Mbit/s"), ("10 Gigabit Ethernet", "10 Gbit/s"), ("10 gig", "10 Gbit/s"),
        ("100 megabit", "100 Mbit/s"), ("10gbps", "10 Gbit/s"), ("10Gbs", "10 Gbit/s"), ("125 MB", "125 MB/s"),
        ("125 MBps", "125 MB/s"), ("50 Mbyte/s", "50 MB/s"), ("1 Gbti/s", "1 Gbit/s"), ("1 P", "1000 Tbit/s"),
        # Bits with a binary prefix are known by their decimal ones: 2^30 bits, and not as many bytes.
        ("1 Gib/s", "1.073741824 Gbit/s"), ("10Gi", "10.73741824 Gbit/s"), ("10 MiB", "10 MiB/s"),
    ],
)  # fmt: skip
def test_what_is_offered_for_a_rate_means_the_same(written: str, meant: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse("rate", written)
    assert f"(did you mean {meant}?)" in caught.value.message
    assert parse("rate", meant) > 0.0


@pytest.mark.parametrize("written", ["10 GT/s", "100 kbaud", "10E", "1 parsec/s"])
def test_where_nothing_means_the_same_nothing_is_offered(written: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse("rate", written)
    assert "did you mean" not in caught.value.message
