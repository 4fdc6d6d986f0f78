# SPDX-License-Identifier: MIT
"""The machine moves to another network: connections are made anew, and clients hardly notice."""
import json
import os
import signal
import subprocess
import threading
import time

import dns.rcode
import pytest

import lab as lab_module
from conftest import HTTPDNSCTL, edes, holds_for, needs_mounts, wait_for, with_mounts
from test_hostile_provider import Origin

PROVIDER, OTHER_PROVIDER = "198.51.100.1", "198.51.100.2"


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def trouble():
    """Why no network namespaces can be made here, or ''."""
    name = f"httpdnsd-try-{os.getpid()}"
    made = ip("netns", "add", name, check=False)
    ip("netns", "del", name, check=False)
    return made.stderr.strip()


pytestmark = pytest.mark.skipif(trouble() != "", reason=f"no network namespace: {trouble()}")


class World:
    """Two namespaces with a cable between them: `here`, the daemon's, and `there`, the provider's."""

    def __init__(self):
        self.here, self.there = (f"httpdnsd-{side}-{os.getpid()}" for side in ("here", "there"))
        for name in (self.here, self.there):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "cable", "netns", self.here, "type", "veth", "peer", "name", "cable", "netns", self.there)
        ip("-n", self.there, "link", "set", "cable", "up")
        for address in (PROVIDER, OTHER_PROVIDER):
            ip("-n", self.there, "addr", "add", f"{address}/32", "dev", "lo")
        for net in (1, 2):
            ip("-n", self.there, "addr", "add", f"10.99.{net}.1/24", "dev", "cable")
        ip("-n", self.here, "link", "set", "cable", "up")
        self.resolvers = []

    def join(self, net):
        """The only address and the only route are another network's."""
        ip("-n", self.here, "addr", "flush", "dev", "cable")
        ip("-n", self.here, "addr", "add", f"10.99.{net}.2/24", "dev", "cable")
        ip("-n", self.here, "route", "add", "default", "via", f"10.99.{net}.1")

    def leave(self):
        ip("-n", self.here, "addr", "flush", "dev", "cable")

    def resolver(self, net, folder, *more):
        """A resolver at that network's gateway that knows where the provider is."""
        where = f"10.99.{net}.1"
        server = lab_module.Server(f"gateway{net}", [
            "ip", "netns", "exec", self.there, lab_module.find("dnsmasq"), "-d", "-C", "/dev/null", "-R", "-h", "--user=root",
            f"--listen-address={where}", "--bind-interfaces", "--except-interface=lo", f"--address=/lab.example/{PROVIDER}", *more], folder)
        server.start()
        lab_module.poll("dnsmasq", lambda: server.alive() and f"{where}:53 " in subprocess.run(
            ["ip", "netns", "exec", self.there, "ss", "-lun"], capture_output=True, text=True).stdout)
        self.resolvers.append(server)

    def end(self):
        for server in self.resolvers:
            server.stop()
        for name in (self.here, self.there):
            ip("netns", "del", name, check=False)


@pytest.fixture
def world(lab):
    world = World()
    world.origin = Origin(lab, PROVIDER, ["ip", "netns", "exec", world.there])
    yield world
    world.origin.stop()
    world.end()


def provider(lab, world, n=1):
    return "providers:\n" + "".join(
        f"  - name: p{i}\n    url: https://provider{i + 1}.lab.example:{world.origin.port}/dns-query\n"
        f"    addresses: [{PROVIDER}]\n    ca-file: {lab.ca}\n" for i in range(n)) + "hijack: {mode: off}\n"


def asks(d, name):
    """Its rcode, or None when no answer came within 5 s."""
    try:
        with d.unix_stream() as stream:
            stream.sock.settimeout(5)
            stream.send(d.query(name).to_wire())
            return stream.receive()[3] & 15
    except (OSError, EOFError):
        return None


@pytest.fixture
def one(lab, world):
    return provider(lab, world)


@pytest.fixture
def two(lab, world):
    """Two providers at addresses of their own, both asked."""
    other = Origin(lab, OTHER_PROVIDER, ["ip", "netns", "exec", world.there])
    yield provider(lab, world).replace("hijack:", (
        f"  - name: other\n    url: https://provider2.lab.example:{other.port}/dns-query\n    addresses: [{OTHER_PROVIDER}]\n"
        f"    ca-file: {lab.ca}\nhijack:"))
    other.stop()


def under_load(d, act):
    """(when it was asked, how long it took, its rcode) of each question of six clients that ask while act() is done, and 3 s more."""
    stop, done = threading.Event(), []

    def client(k):
        i = 0
        while not stop.is_set():
            began = time.monotonic()
            rcode = asks(d, f"load{k}-{i}.site{i}.honest-lab.net")
            done.append((began, time.monotonic() - began, rcode))
            i += 1
            stop.wait(0.02)

    clients = [threading.Thread(target=client, args=(k,)) for k in range(6)]
    for c in clients:
        c.start()
    wait_for(lambda: len(done) > 100, what="the load")
    acted = act()
    wait_for(lambda: any(began > acted + 3 for began, _, _ in done), what="the load after that")
    stop.set()
    for c in clients:
        c.join()
    return acted, done


@pytest.mark.parametrize("which, strategy", [("one", "failover"), ("two", "failover"), ("two", "fastest"), ("two", "race"), ("two", "spread")])
def test_f55_answers_come_within_2_s_after_address_and_route_were_replaced_under_load(request, daemon, world, which, strategy):
    world.join(1)
    d = daemon(request.getfixturevalue(which) + f"strategy: {strategy}\n", start_with=["ip", "netns", "exec", world.here])
    assert asks(d, "first.wild.honest-lab.net") == dns.rcode.NOERROR

    def move():
        world.join(2)
        return time.monotonic()

    moved, done = under_load(d, move)
    assert all(rcode is not None for _, _, rcode in done)
    late = [(began - moved, took, rcode) for began, took, rcode in done if began > moved + 2]
    assert late and all(rcode == 0 and took < 1 for _, took, rcode in late), late
    assert "the network has changed" in d.log()


@pytest.mark.alone
@pytest.mark.parametrize("strategy", ["failover", "fastest", "race", "spread"])
def test_f55_route_that_is_lost_to_one_of_two_providers_costs_no_answer(request, daemon, world, two, strategy):
    world.join(1)
    d = daemon(two + f"strategy: {strategy}\n", start_with=["ip", "netns", "exec", world.here])
    assert asks(d, "first.wild.honest-lab.net") == dns.rcode.NOERROR

    def lose():
        ip("-n", world.here, "route", "add", "blackhole", f"{PROVIDER}/32")
        return time.monotonic()

    lost, done = under_load(d, lose)
    assert all(rcode == 0 and took < 2.5 for _, took, rcode in done), done
    late = [(began - lost, took) for began, took, _ in done if began > lost + 2]
    assert late and all(took < 1 for _, took in late), late


def network_id(d):
    got = subprocess.run([HTTPDNSCTL, "--json", "--socket", d.folder / "control.sock", "local-resolvers"], capture_output=True, text=True)
    return json.loads(got.stdout)["network"]


def test_late_address_of_the_link_and_hardware_of_the_router_are_no_other_network(lab, daemon, world):
    """What rests for 30 s after a change of network would else begin so on every machine that has just been started."""
    world.join(1)
    world.resolver(1, lab.folder)
    ip("-n", world.here, "neigh", "flush", "dev", "cable")
    d = daemon(provider(lab, world).replace("mode: off", "path-probe: no, tls-proof: no") + "local-resolver: {servers: [10.99.1.1]}\n",
               start_with=["ip", "netns", "exec", world.here])
    before = network_id(d)
    assert asks(d, "first.wild.honest-lab.net") == dns.rcode.NOERROR
    ip("-n", world.here, "addr", "add", "fe80::77/64", "dev", "cable", "nodad")
    wait_for(lambda: network_id(d) != before, 15, "the router's hardware address")
    known = network_id(d)
    ip("-n", world.here, "addr", "add", "fe80::78/64", "dev", "cable", "nodad")
    holds_for(lambda: "the network" not in d.log() and network_id(d) == known, 7)
    world.leave()
    world.join(2)
    wait_for(lambda: "cross-check: the network changed" in d.log(), 15, "the other network")


def test_after_more_changes_than_can_be_heard_of_the_next_one_is_noticed(lab, daemon, world):
    world.join(1)
    d = daemon(provider(lab, world), start_with=["ip", "netns", "exec", world.here])
    comes_and_goes = "".join(f"addr {verb} 10.98.0.{i}/32 dev lo\n" for i in range(1, 250) for verb in ("add", "del"))
    d.process.send_signal(signal.SIGSTOP)
    for _ in range(8):
        subprocess.run(["ip", "-n", world.here, "-batch", "-"], input=comes_and_goes, text=True, check=True)
    d.process.send_signal(signal.SIGCONT)
    assert asks(d, "first.wild.honest-lab.net") == dns.rcode.NOERROR
    holds_for(lambda: "the network has changed" not in d.log(), 2)
    world.join(2)
    wait_for(lambda: "the network has changed" in d.log(), what="the other network noticed")


def test_without_a_network_at_the_start_it_is_ready_at_once_and_answers_within_2_s_of_its_coming(lab, daemon, world):
    began = time.monotonic()
    d = daemon(provider(lab, world, 2), start_with=["ip", "netns", "exec", world.here])
    assert time.monotonic() - began < 2
    reply = d.over_unix("away.wild.honest-lab.net")
    assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)
    for i in range(8):  # providers are set aside by now
        asks(d, f"away{i}.wild.honest-lab.net")
    world.join(1)
    joined = time.monotonic()
    wait_for(lambda: asks(d, f"back{time.monotonic_ns()}.wild.honest-lab.net") == 0, what="an answer")
    assert time.monotonic() - joined < 2


def test_client_subnet_that_is_this_hosts_own_is_that_of_the_network_it_has_moved_to(lab, daemon, world):
    def join_as(net, public):
        world.join(net)
        ip("-n", world.here, "addr", "add", f"{public}/32", "dev", "cable")
        ip("-n", world.here, "route", "replace", "default", "via", f"10.99.{net}.1", "src", public)
        ip("-n", world.there, "route", "replace", f"{public}/32", "dev", "cable")

    def told():
        return asks(d, f"n{time.monotonic_ns()}.wild.honest-lab.net") == 0 and world.origin.tell("subnet")
    config = provider(lab, world).replace("    addresses:", "    client-subnet: auto\n    addresses:")
    d = daemon(config, start_with=["ip", "netns", "exec", world.here])
    join_as(1, "203.0.113.7")
    wait_for(lambda: told() == "203.0.113.0/24", what="the network's subnet")
    join_as(2, "198.18.5.9")
    wait_for(lambda: told() == "198.18.5.0/24", what="the other network's")
    world.join(1)
    wait_for(lambda: told() == "none", what="a network without a public address")


def test_address_that_is_only_renewed_is_no_other_network(lab, daemon, world):
    world.join(1)
    d = daemon(provider(lab, world), start_with=["ip", "netns", "exec", world.here])
    assert asks(d, "first.wild.honest-lab.net") == dns.rcode.NOERROR
    for _ in range(3):
        ip("-n", world.here, "addr", "change", "10.99.1.2/24", "dev", "cable", "valid_lft", "3600", "preferred_lft", "1800")
    world.join(2)
    wait_for(lambda: "the network has changed" in d.log(), what="the move")
    assert asks(d, "second.wild.honest-lab.net") == dns.rcode.NOERROR
    assert d.log().count("the network has changed") <= 2


# ---- providers known by name alone (H8, F-65) ----

# What this machine's own files say of resolvers is hidden, and resolv.conf leads to ourselves.
ALONE = ("mount -t tmpfs run /run && mount -t tmpfs lib /var/lib && echo nameserver 127.0.0.1 >/run/resolv.conf"
         " && mount --bind /run/resolv.conf $(readlink -f /etc/resolv.conf || echo /etc/resolv.conf)")


@pytest.fixture
def names_only(lab, daemon, world):
    """The daemon beside that world: resolv.conf leads to itself, and its provider has no address."""
    def make(more="", mounts=ALONE):
        config = "".join(line + "\n" for line in provider(lab, world).splitlines() if "addresses" not in line)
        return daemon(config + more, start_with=["ip", "netns", "exec", world.here, *with_mounts(mounts)])
    return make


def addresses_from(d):
    """Where the daemon has each provider's addresses from, by its name."""
    got = subprocess.run([HTTPDNSCTL, "--socket", d.folder / "control.sock", "--json", "providers"], capture_output=True, text=True)
    return {p["name"]: p["addresses-from"] for p in json.loads(got.stdout)["providers"]}


def is_answered(d):
    return asks(d, f"back{time.monotonic_ns()}.wild.honest-lab.net") == 0


@needs_mounts
def test_f65_without_a_network_a_provider_without_addresses_is_found_within_2_s_of_its_coming(names_only, world, tmp_path):
    world.resolver(1, tmp_path)
    began = time.monotonic()
    d = names_only()
    assert time.monotonic() - began < 2
    for i in range(4):
        reply = d.over_unix(f"away{i}.wild.honest-lab.net")
        assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)[0][0] in (14, 22, 23)
    world.join(1)
    joined = time.monotonic()
    wait_for(lambda: is_answered(d), what="an answer")
    assert time.monotonic() - joined < 2


@needs_mounts
def test_h8_on_another_network_its_resolver_is_asked_for_the_providers_address(names_only, world, tmp_path):
    world.join(1)  # nobody answers there
    d = names_only()
    assert d.over_unix("away.wild.honest-lab.net").rcode() == dns.rcode.SERVFAIL
    world.resolver(2, tmp_path)
    world.join(2)
    joined = time.monotonic()
    wait_for(lambda: is_answered(d), what="an answer")
    assert time.monotonic() - joined < 2


@needs_mounts
def test_h8_cold_start_with_resolv_conf_at_ourselves_is_answered_through_the_gateway(names_only, world, tmp_path):
    world.resolver(1, tmp_path)
    world.join(1)
    d = names_only()
    began = time.monotonic()
    assert addresses_from(d) == {"p0": "none"}
    assert is_answered(d)
    assert time.monotonic() - began < 3
    assert addresses_from(d) == {"p0": "local-resolver"}


# ---- names of the own network ----

def box(d):
    reply = d.over_unix("box.home.example")
    return reply.answer[0][0].address if reply.answer else None


@needs_mounts
def test_names_of_the_own_network_are_asked_of_the_resolver_of_the_network_one_is_on(lab, daemon, world, tmp_path):
    """And what another network's said of them is forgotten, however long it might have been kept."""
    for net in (1, 2):
        world.resolver(net, tmp_path, "--local-ttl=3600", f"--address=/box.home.example/10.99.{net}.50")
    world.join(1)
    d = daemon(provider(lab, world) + "rules:\n  - {domains: [home.example], group: local-resolver}\n",
               start_with=["ip", "netns", "exec", world.here, *with_mounts(ALONE)])
    assert [box(d) for _ in range(3)] == ["10.99.1.50"] * 3
    world.join(2)
    wait_for(lambda: "the network has changed" in d.log(), what="the move")
    wait_for(lambda: box(d) == "10.99.2.50", 3, "the other network's answer")
    world.join(1)
    wait_for(lambda: box(d) == "10.99.1.50", 5, "the first network's answer")


@needs_mounts
def test_started_without_a_network_names_of_the_own_one_are_found_when_it_comes(lab, daemon, world, tmp_path):
    world.resolver(1, tmp_path, "--address=/box.home.example/10.99.1.50")
    d = daemon(provider(lab, world) + "rules:\n  - {domains: [home.example], group: local-resolver}\n",
               start_with=["ip", "netns", "exec", world.here, *with_mounts(ALONE)])
    assert box(d) is None
    world.join(1)
    wait_for(lambda: box(d) == "10.99.1.50", 5, "an answer")


@needs_mounts
def test_dns64_takes_the_prefix_of_the_network_one_is_on(lab, daemon, world, tmp_path):
    for net in (1, 2):
        world.resolver(net, tmp_path, "--local-ttl=3600", f"--address=/ipv4only.arpa/2001:db8:64:{net}::192.0.0.170")
    world.join(1)
    d = daemon(provider(lab, world) + "dns64: {prefix: auto}\n", start_with=["ip", "netns", "exec", world.here, *with_mounts(ALONE)])

    def made():
        reply = d.over_unix("six.wild.honest-lab.net", "AAAA")
        return [rd.address for rrset in reply.answer for rd in rrset]

    assert made() == made() == ["2001:db8:64:1::9765:148"]
    world.join(2)
    wait_for(lambda: made() == ["2001:db8:64:2::9765:148"], 5, "an address for the other network")


# ---- addresses that are kept over a restart ----

KEPT = f"provider1.lab.example. {PROVIDER}\n"


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def lines(d, what):
    return [line for line in d.log().splitlines() if what in line]


@needs_mounts
def test_h8_where_a_provider_was_reached_is_known_after_a_restart_without_any_resolver(names_only, world, tmp_path, state):
    world.resolver(1, tmp_path)
    world.join(1)
    d = names_only(f"state-dir: {state}\n")
    assert is_answered(d)
    wait_for(lambda: (state / "addresses").exists(), what="the file")
    assert (state / "addresses").read_text().splitlines()[1:] == [KEPT.strip()]
    d.stop()
    world.resolvers.pop().stop()
    d = names_only(f"state-dir: {state}\n")
    began = time.monotonic()
    assert is_answered(d) and time.monotonic() - began < 1
    assert addresses_from(d)["p0"] in ("kept", "provider")  # it is asked for its own by then
    assert [p.name for p in state.iterdir()] == ["addresses"]


@needs_mounts
def test_h8_kept_address_at_which_nobody_is_any_more_is_replaced_within_3_s(names_only, world, tmp_path, state):
    (state / "addresses").write_text(KEPT.replace(PROVIDER, "198.51.100.99"))
    world.resolver(1, tmp_path)
    world.join(1)
    d = names_only(f"state-dir: {state}\n")
    began = time.monotonic()
    wait_for(lambda: is_answered(d), what="an answer")
    assert time.monotonic() - began < 3
    d.stop()
    assert KEPT in (state / "addresses").read_text()


@needs_mounts
@pytest.mark.parametrize("content", [b"\x00\xff junk", KEPT.encode() * 2, b"x" * 100_000, None],
                         ids=["junk", "twice", "too large", "a folder"])
def test_f57_a_file_of_addresses_that_is_damaged_is_ignored_with_one_line_and_written_anew(names_only, world, tmp_path, state, content):
    if content is None:
        (state / "addresses").mkdir()
    else:
        (state / "addresses").write_bytes(content)
    world.resolver(1, tmp_path)
    world.join(1)
    d = names_only(f"state-dir: {state}\n")
    assert is_answered(d)
    assert len(lines(d, "addresses is ignored: ")) == 1, d.log()
    if content is not None:
        wait_for(lambda: KEPT.encode() in (state / "addresses").read_bytes(), what="the file")


@needs_mounts
@pytest.mark.parametrize("options, reason", [("ro", "Read-only file system"), ("size=4k", "No space left on device")])
def test_f57_state_directory_that_cannot_be_written_costs_one_line_and_no_answer(names_only, world, tmp_path, state, options, reason):
    world.resolver(1, tmp_path)
    world.join(1)
    fill = f"; mount -t tmpfs -o {options} state {state}; head -c 100000 /dev/zero >{state}/full 2>/dev/null; true"
    d = names_only(f"state-dir: {state}\n", mounts=f"{{ {ALONE}{fill}; }}")
    assert is_answered(d)
    wait_for(lambda: lines(d, "addresses cannot be written"), what="the line")
    assert all(is_answered(d) for _ in range(5))
    assert len(lines(d, "addresses cannot be written")) == 1 and reason in d.log()


@needs_mounts
def test_f64_killed_at_any_moment_the_file_of_addresses_is_whole_or_missing(names_only, world, tmp_path, state):
    world.resolver(1, tmp_path)
    world.join(1)
    for i in range(8):
        d = names_only(f"state-dir: {state}\n")
        assert not lines(d, "is ignored")
        (state / "addresses").unlink(missing_ok=True)
        is_answered(d)
        time.sleep(0.9 + 0.03 * i)  # the moment is what is tried: around the time of the writing
        d.stop(signal.SIGKILL)
        d.process = None
        assert not (state / "addresses").exists() or (state / "addresses").read_text().endswith(KEPT)


@needs_mounts
def test_h8_without_any_resolver_a_providers_address_is_asked_of_another_provider(lab, daemon, world):
    world.join(1)
    first, last = provider(lab, world, 2).split("  - name: p1")
    first = "".join(line + "\n" for line in first.splitlines() if "addresses" not in line)
    d = daemon(f"{first}  - name: p1{last}", start_with=["ip", "netns", "exec", world.here, *with_mounts(ALONE)])
    began = time.monotonic()
    assert is_answered(d) and time.monotonic() - began < 3
    wait_for(lambda: addresses_from(d) == {"p0": "provider", "p1": "configured"}, what="the address")


def test_provider_is_asked_when_its_interface_comes_up(lab, daemon, world):
    world.join(1)
    d = daemon(provider(lab, world).replace("    addresses:", "    interface: late0\n    addresses:"),
               start_with=["ip", "netns", "exec", world.here])
    assert asks(d, "first.wild.honest-lab.net") == dns.rcode.SERVFAIL
    assert "provider 'p0' cannot be asked: interface late0: No such device" in d.log()
    world.leave()
    ip("-n", world.here, "link", "set", "cable", "down")
    ip("-n", world.here, "link", "set", "cable", "name", "late0")
    ip("-n", world.here, "link", "set", "late0", "up")
    ip("-n", world.here, "addr", "add", "10.99.1.2/24", "dev", "late0")
    ip("-n", world.here, "route", "add", "default", "via", "10.99.1.1")
    wait_for(lambda: "provider 'p0': its way out is open now" in d.log(), what="the interface to be seen")
    names = (f"later{i}.wild.honest-lab.net" for i in range(1000))
    wait_for(lambda: asks(d, next(names)) == dns.rcode.NOERROR, what="an answer by the new interface")
