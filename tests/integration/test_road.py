# SPDX-License-Identifier: MIT
"""The way to a provider: pins, proxy, source address, interface, mark, family."""
import base64
import ctypes
import hashlib
import os
import platform
import signal
import socket
import stat
import subprocess
import time

import dns.rcode
import pytest

from conftest import edes, lab_module, needs_mounts, wait_for, with_mounts
from origin import Origin as CertOrigin, Reply
from proxy import Connect, Middle, Socks5
from test_hostile import good
from test_hostile_provider import Origin, can_filter, nft, origin  # noqa: F401  (a fixture)


def one_provider(lab, port, *more):
    return (f"providers:\n  - name: one\n    url: https://provider1.lab.example:{port}/dns-query\n"
            f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\n" + "".join(f"    {m}\n" for m in more)
            + "hijack: {mode: off}\nquery-timeout: 2s\n")


def rcode(d):
    return d.udp("road.wild.honest-lab.net").rcode()


def pin_of(lab):
    key = subprocess.run(["openssl", "x509", "-in", lab.folder / "leaf.pem", "-pubkey", "-noout"], capture_output=True, check=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.stdout, capture_output=True, check=True)
    return "sha256//" + base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


def test_key_that_is_pinned_is_believed_and_no_other(lab, daemon, origin):
    right, wrong = pin_of(lab), "sha256//" + base64.b64encode(bytes(32)).decode()
    assert rcode(daemon(one_provider(lab, origin.port, f'pins: ["{wrong}", "{right}"]'))) == dns.rcode.NOERROR
    assert rcode(daemon(one_provider(lab, origin.port, f'pins: ["{wrong}"]'))) == dns.rcode.SERVFAIL


def silence(d):
    """A resolver of this host that hears nothing: whoever looked a name up here would be heard."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((d, 53))
    return sock


def heard(sock):
    try:
        return sock.recv(4096)
    except BlockingIOError:
        return None


@needs_mounts
@pytest.mark.skipif(os.geteuid() != 0, reason="listening on port 53 needs privileges")
@pytest.mark.parametrize("kind, scheme, told", [(Socks5, "socks5", "127.0.0.1"), (Socks5, "socks5h", "provider1.lab.example"),
                                                (Connect, "http", "provider1.lab.example")])
def test_proxy_is_gone_through_and_no_name_is_looked_up_here(lab, daemon, origin, tmp_path, kind, scheme, told):
    """What the proxy is told of the provider: its address by SOCKS, its name by HTTP."""
    proxy, local = kind(), f"127.0.{os.getpid() % 250 + 1}.{os.getpid() // 250 % 250 + 1}"
    (tmp_path / "resolv.conf").write_text(f"nameserver {local}\n")
    resolver = silence(local)
    d = daemon(one_provider(lab, origin.port, f'proxy: "{scheme}://127.0.0.1:{proxy.own_port}"'),
               start_with=with_mounts(f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf"))
    assert rcode(d) == dns.rcode.NOERROR
    assert set(proxy.asked) == {(told, origin.port)}
    assert heard(resolver) is None
    proxy.close()
    resolver.close()


def test_connect_request_tells_the_proxy_nothing_but_where_to_go(lab, daemon, origin):
    proxy = Connect()
    assert rcode(daemon(one_provider(lab, origin.port, f'proxy: "http://127.0.0.1:{proxy.own_port}"'))) == dns.rcode.NOERROR
    fields = [line.split(":")[0] for line in proxy.heads[0].split("\r\n")[1:-2]]
    assert fields == ["Host", "User-Agent", "Proxy-Connection"]


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_proxy_that_is_gone_is_not_gone_around(lab, daemon, origin, scheme):
    port = lab_module.free_ports(1)[0]
    assert rcode(daemon(one_provider(lab, origin.port, f'proxy: "{scheme}://127.0.0.1:{port}"'))) == dns.rcode.SERVFAIL
    assert origin.tell("counts") == "0 0"


def client_certificate(folder, name, ca=None):
    """Key and certificate of `name`, signed by `ca` or by itself: (certificate, key)."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    crt, pem = folder / f"{name}.crt", folder / f"{name}.pem"
    if ca is None:
        subprocess.run(["openssl", "req", "-x509", *key, "-subj", f"/CN={name}", "-keyout", pem, "-out", crt], check=True, capture_output=True)
    else:
        subprocess.run(["openssl", "req", "-new", *key, "-subj", f"/CN={name}", "-keyout", pem, "-out", folder / "csr"], check=True, capture_output=True)
        subprocess.run(["openssl", "x509", "-req", "-in", folder / "csr", "-CA", ca[0], "-CAkey", ca[1], "-CAcreateserial", "-out", crt],
                       check=True, capture_output=True)
    return crt, pem


def test_origin_that_asks_for_a_certificate_gets_ours(lab, daemon, tmp_path):
    ca = client_certificate(tmp_path, "staff-ca")
    ours, other = client_certificate(tmp_path, "this-host", ca), client_certificate(tmp_path, "stranger")
    strict = CertOrigin(lab, lambda query: Reply(good(query).wire()), client_ca=ca[0])

    def asked_with(*more):
        return rcode(daemon(one_provider(lab, strict.port, *more)))

    assert asked_with() == dns.rcode.SERVFAIL
    assert asked_with(f"client-cert: {other[0]}", f"client-key: {other[1]}") == dns.rcode.SERVFAIL
    assert strict.requests == []
    assert asked_with(f"client-cert: {ours[0]}", f"client-key: {ours[1]}") == dns.rcode.NOERROR
    assert strict.shown[-1]["commonName"] == "this-host"
    strict.close()


def test_source_address_is_where_packets_come_from(lab, daemon, origin):
    middle = Middle(origin.port)
    assert rcode(daemon(one_provider(lab, middle.own_port, "source-address: 127.0.0.9"))) == dns.rcode.NOERROR
    assert set(middle.came) == {"127.0.0.9"}


def test_family_without_an_address_is_not_asked(lab, daemon, origin):
    assert rcode(daemon(one_provider(lab, origin.port, "family: ipv4"))) == dns.rcode.NOERROR
    assert rcode(daemon(one_provider(lab, origin.port, "family: ipv6"))) == dns.rcode.SERVFAIL


@pytest.mark.skipif(not can_filter(), reason="no packet filter can be set here")
@pytest.mark.parametrize("dead, alive", [("::1", "127.0.0.1"), ("127.0.0.1", "::1")])
def test_f56_family_whose_packets_vanish_costs_less_than_a_second_beside_the_other(lab, daemon, dead, alive):
    there, table = Origin(lab, alive), f"httpdnsd_family_{os.getpid()}"
    family = "ip6" if ":" in dead else "ip"
    done = nft(f"table inet {table} {{\nchain i {{\ntype filter hook input priority 0;\n{family} daddr {dead} tcp dport {there.port} drop\n}}\n}}\n")
    assert done.returncode == 0, done.stderr
    try:
        d = daemon(one_provider(lab, there.port).replace("[127.0.0.1]", f'["{dead}", "{alive}"]'))
        began = time.monotonic()
        assert rcode(d) == dns.rcode.NOERROR
        assert time.monotonic() - began < 1
    finally:
        nft(f"delete table inet {table}")
        there.stop()


def copies_of_sockets(pid):
    """The process's sockets, as far as the kernel hands out copies (pidfd_open, pidfd_getfd)."""
    libc, copies = ctypes.CDLL(None), []
    process = libc.syscall(434, pid, 0)
    for name in os.listdir(f"/proc/{pid}/fd"):
        fd = libc.syscall(438, process, int(name), 0)
        if fd >= 0 and stat.S_ISSOCK(os.fstat(fd).st_mode):
            copies.append(socket.socket(fileno=fd))
        elif fd >= 0:
            os.close(fd)
    os.close(process)
    return copies


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of the system calls are those of x86-64")
def test_kernel_gives_up_and_asks_after_connections_to_a_provider(lab, daemon, origin):
    d = daemon(one_provider(lab, origin.port))
    assert rcode(d) == dns.rcode.NOERROR

    def leads_there(sock):
        try:
            return sock.type == socket.SOCK_STREAM and sock.getpeername()[1:2] == (origin.port,)
        except OSError:
            return False

    made = [sock for sock in copies_of_sockets(d.process.pid) if leads_there(sock)]
    assert made
    for sock in made:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10000
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


def reasons(reply):
    assert reply.rcode() == dns.rcode.SERVFAIL
    return [text for _, text in edes(reply)]


def troubles(d):
    """What the daemon says once of providers that cannot be asked."""
    return [line.split("httpdnsd: ")[-1] for line in d.log().splitlines() if "cannot be asked" in line]


@pytest.mark.skipif(os.geteuid() != 0, reason="binding to an interface needs privileges")
def test_interface_is_the_one_to_leave_by_or_nothing_leaves(lab, daemon, origin):
    assert rcode(daemon(one_provider(lab, origin.port, "interface: lo"))) == dns.rcode.NOERROR
    d = daemon(one_provider(lab, origin.port, "interface: nosuch0"))
    for i in range(3):
        assert reasons(d.udp(f"a{i}.wild.honest-lab.net")) == ["one: interface nosuch0: No such device"]
    assert troubles(d) == ["error: provider 'one' cannot be asked: interface nosuch0: No such device: "
                           "it is tried again when it comes up, or mend 'interface: nosuch0'"]


def test_source_address_that_this_host_has_not_is_said(lab, daemon, origin):
    d = daemon(one_provider(lab, origin.port, "source-address: 192.0.2.77"))
    assert reasons(d.udp("a.wild.honest-lab.net")) == ["one: source-address 192.0.2.77: Cannot assign requested address"]
    assert troubles(d) == ["error: provider 'one' cannot be asked: source-address 192.0.2.77: Cannot assign requested address: "
                           "it is tried again when this host has that address, or mend 'source-address: 192.0.2.77'"]


@pytest.mark.skipif(os.geteuid() != 0, reason="dropping a capability needs it first")
def test_mark_that_may_not_be_set_is_no_way_at_all_and_what_to_do_is_said_once(lab, daemon, origin):
    assert rcode(daemon(one_provider(lab, origin.port, "mark: 7"))) == dns.rcode.NOERROR
    without = ["setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-net_admin,-net_raw"]
    d = daemon(one_provider(lab, origin.port, "mark: 7"), start_with=without)
    for i in range(3):
        assert reasons(d.udp(f"a{i}.wild.honest-lab.net")) == ["one: mark 7: Operation not permitted"]
    assert troubles(d) == ["error: provider 'one' cannot be asked: mark 7: Operation not permitted: give the service "
                           "AmbientCapabilities=CAP_NET_ADMIN, CapabilityBoundingSet=CAP_NET_ADMIN and PrivateUsers=no, "
                           "or remove 'mark: 7'"]
    d.process.send_signal(signal.SIGHUP)  # the same trouble in another configuration is news
    wait_for(lambda: len(troubles(d)) == 2, what="the second line")


def test_provider_whose_way_is_barred_does_not_keep_others_from_answering(lab, daemon, origin):
    second = lab.provider_yaml().removeprefix("providers:\n")
    d = daemon(one_provider(lab, origin.port, "interface: nosuch0").replace("hijack:", second + "hijack:"))
    for i in range(5):
        assert d.udp(f"b{i}.wild.honest-lab.net").rcode() == dns.rcode.NOERROR


def test_group_is_not_asked_for_what_no_rule_sends_there(lab, daemon, origin):
    d = daemon(one_provider(lab, origin.port, "group: company").replace("hijack:", lab.provider_yaml().split("\n", 1)[1] + "hijack:"))
    assert rcode(d) == dns.rcode.NOERROR
    assert origin.tell("counts") == "0 0"
