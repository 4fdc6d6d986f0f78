# SPDX-License-Identifier: MIT
"""The local resolver is found although resolv.conf points at us, and found again when the network changes."""
import os
import subprocess

import pytest

from conftest import needs_mounts, wait_for, with_mounts

pytestmark = [pytest.mark.alone, needs_mounts, pytest.mark.skipif(os.geteuid() != 0, reason="needs root for addresses of its own")]

ONE, OTHER = "198.51.100.53", "198.51.100.54"
AUDIT = "hijack: {path-probe: no, tls-proof: no}\n"


@pytest.fixture(autouse=True)
def addresses():
    """What goes to them stays on this machine: they are its own, and nobody is there."""
    for address in (ONE, OTHER):
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    yield
    for address in (ONE, OTHER):
        subprocess.run(["ip", "addr", "del", f"{address}/32", "dev", "lo"], check=True)


@pytest.fixture
def machine(tmp_path):
    """A machine whose resolv.conf names only itself: a folder of networkd's, and the mounts that show it."""
    links, stub = tmp_path / "links", tmp_path / "resolv.conf"
    links.mkdir()
    stub.write_text("nameserver 127.0.0.1\n")
    mounts = ("mount -t tmpfs run /run && mount -t tmpfs lib /var/lib"
              f" && mkdir -p /run/systemd/netif/links && mount --bind {links} /run/systemd/netif/links"
              f" && cp {stub} /run/resolv.conf && mount --bind {stub} $(readlink -f /etc/resolv.conf || echo /etc/resolv.conf)")
    return links, mounts


def test_a_resolver_of_networkd_is_found_and_found_again_when_the_file_changes(lab, daemon, machine):
    links, mounts = machine
    (links / "1").write_text("# This is private data. Do not parse.\nDNS=198.51.100.53\n")
    d = daemon(lab.provider_yaml() + AUDIT, start_with=with_mounts(mounts))
    wait_for(lambda: "cross-check: 1 local resolver(s), from systemd-networkd" in d.log(), 5, "the resolver")
    (links / "1").write_text(f"DNS={OTHER}\n")
    wait_for(lambda: f"the network changed, 1 local resolver(s): {OTHER}, from systemd-networkd" in d.log(), 15, "the other")
    assert d.udp("example.com").answer[0][0].address == "93.184.216.34"


def test_resolv_conf_that_comes_and_goes_100_times_a_second_touches_no_client(lab, daemon, machine):
    links, mounts = machine
    d = daemon(lab.provider_yaml() + AUDIT, start_with=with_mounts(mounts))
    for i in range(300):
        (links / "1").write_text(f"DNS={(ONE, OTHER)[i % 2]}\n" if i % 3 else "")
        if i % 10 == 0:
            assert d.udp(f"r{i}.wild.honest-lab.net", timeout=3).rcode() == 0
    assert d.log().count("the network changed") <= 3
