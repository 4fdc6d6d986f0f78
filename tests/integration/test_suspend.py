# SPDX-License-Identifier: MIT
"""The machine sleeps: one of the kernel's clocks goes on, the other stands still. Or somebody sets its wall clock. The daemon is
run with a library in front of the C library's that puts CLOCK_BOOTTIME or CLOCK_REALTIME ahead, by as much as a file says."""
import os
import shutil
import struct
import subprocess
import time

import dns.rcode
import pytest

from conftest import edes, holds_for, wait_for
from test_hostile_provider import Origin, origin  # noqa: F401  (a fixture)
from test_vendors import PROTOCOLS, vendors  # noqa: F401  (a fixture)

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
static const volatile int64_t *slept_s; /* and behind it how far the wall clock is ahead */
__attribute__((constructor)) static void begin(void)
{
    int fd = open(getenv("SLEPT_FILE"), O_RDONLY);
    slept_s = mmap(NULL, 2 * sizeof *slept_s, PROT_READ, MAP_SHARED, fd, 0);
}
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*volatile real)(clockid_t, struct timespec *);
    if (real == NULL) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    int failure = real(clock, now);
    if (failure == 0 && clock == CLOCK_BOOTTIME && slept_s != NULL && slept_s != MAP_FAILED) {
        now->tv_sec += *slept_s;
    }
    if (failure == 0 && clock == CLOCK_REALTIME && slept_s != NULL && slept_s != MAP_FAILED) {
        now->tv_sec += slept_s[1];
    }
    return failure;
}
time_t time(time_t *at)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (at != NULL) {
        *at = now.tv_sec;
    }
    return now.tv_sec;
}
"""


@pytest.fixture
def set_clocks(tmp_path):
    """(what to start the daemon with, a function of the seconds that it slept and that its wall clock is ahead)."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the library that plays with the clock")
    (tmp_path / "clock.c").write_text(SHIM)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", tmp_path / "clock.so", tmp_path / "clock.c"], check=True)
    asleep = tmp_path / "asleep"
    asleep.write_bytes(struct.pack("qq", 0, 0))
    file = open(asleep, "r+b", buffering=0)

    def set_them(slept_s=0, ahead_s=0):
        file.seek(0)
        file.write(struct.pack("qq", slept_s, ahead_s))

    options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    yield ["env", f"LD_PRELOAD={tmp_path}/clock.so", f"SLEPT_FILE={asleep}", f"ASAN_OPTIONS={options}"], set_them
    file.close()


@pytest.fixture
def clocks(set_clocks):
    """(what to start the daemon with, a function that lets it sleep for so many seconds)."""
    return set_clocks


def provider(lab, port):
    return (f"workers: 1\nproviders:\n  - name: one\n    url: https://provider1.lab.example:{port}/dns-query\n"
            f"    addresses: [127.0.0.1]\n    ca-file: {lab.ca}\nhijack: {{mode: off}}\n")


def counts(origin):
    return tuple(map(int, origin.tell("counts").split()))


def test_after_sleep_connections_are_new_and_what_was_kept_has_aged(lab, daemon, origin, clocks):
    start_with, sleep = clocks
    d = daemon(provider(lab, origin.port), start_with=start_with)
    for _ in range(3):
        assert d.udp("one.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    assert counts(origin) == (1, 1)  # the others came from the cache
    sleep(8 * 3600)
    wait_for(lambda: "this machine was asleep: all connections to providers are made anew" in d.log(), 6, "the end of sleep")
    wait_for(lambda: origin.tell("live") == "0", what="the end of the old connection")
    assert d.udp("one.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    assert counts(origin) == (2, 2)  # its TTL of 60 s went by in sleep
    assert d.udp("two.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    assert counts(origin) == (2, 3)
    assert d.log().count("asleep") == 1


def test_connection_that_the_other_side_forgot_during_sleep_costs_no_question(lab, daemon, origin, clocks):
    """What was sent into the old connection would never be answered: nothing is."""
    start_with, sleep = clocks
    d = daemon(provider(lab, origin.port), start_with=start_with)
    assert d.udp("before.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    sleep(3600)
    wait_for(lambda: "this machine was asleep" in d.log(), 6, "the end of sleep")
    for i in range(5):
        assert d.udp(f"after{i}.wild.honest-lab.net", timeout=1.5).rcode() == dns.rcode.NOERROR
    connections, requests = counts(origin)
    assert 2 <= connections <= 3 and 6 <= requests <= 7  # as above


def test_after_sleep_a_question_that_nobody_answers_ends_in_time_though_a_client_holds_a_connection(lab, daemon, origin, clocks):
    """The connection's timer is one that a clock which stood still was to end: no other may wait for it."""
    start_with, sleep = clocks
    d = daemon("tcp: {idle-timeout: 2m}\nquery-timeout: 2s\n" + provider(lab, origin.port), start_with=start_with)
    with d.tcp_stream() as held:
        held.send(d.query("before.wild.honest-lab.net").to_wire())
        held.receive()
        holds_for(lambda: counts(origin) == (1, 1), 0.5)  # the question's own timers are over: the connection's is the next
        origin.tell("hang")
        sleep(150)  # it is due by now
        began = time.monotonic()
        assert d.udp("after.wild.honest-lab.net", timeout=15).rcode() == dns.rcode.SERVFAIL
        assert time.monotonic() - began < 4
        origin.tell("ok")


# The namespace is that of the children alone; a signal reaches the daemon, and its exit code us.
CHILD = ["sh", "-c", '"$@" & trap "kill $!" TERM; wait $!; wait $!', "sh"]


def time_trouble():
    """Why no time namespace can be made here, or ''."""
    try:
        return subprocess.run(["unshare", "--time", "--fork", "--boottime", "7", "true"], capture_output=True, text=True).stderr.strip()
    except FileNotFoundError:
        return "unshare is not installed"


@pytest.mark.skipif(time_trouble() != "", reason=f"no time namespace: {time_trouble()}")
def test_clocks_that_have_been_apart_for_long_are_no_sleep_of_now(lab, daemon, origin):
    """A machine that slept before the daemon was started, in a time namespace."""
    d = daemon(provider(lab, origin.port), start_with=["unshare", "--time", "--boottime", "86400", *CHILD])
    assert d.udp("one.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    holds_for(lambda: "asleep" not in d.log(), 2.5)
    assert counts(origin) == (1, 1)


# ---- the wall clock (O1, F-53) ----

YEARS = 365 * 86400


@pytest.mark.parametrize("ahead_s", [-56 * YEARS, 74 * YEARS])
def test_o1_started_with_a_clock_that_is_wrong_it_says_so_and_answers_within_5_s_of_its_being_set(lab, daemon, origin, set_clocks, ahead_s):
    start_with, set_them = set_clocks
    set_them(ahead_s=ahead_s)
    d = daemon(provider(lab, origin.port), start_with=start_with)
    for i in range(4):
        reply = d.udp(f"early{i}.wild.honest-lab.net")
        assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)
    assert "set aside" in d.log() and "certificate" in d.log()
    set_them()
    was_set = time.monotonic()
    wait_for(lambda: d.udp(f"late{time.monotonic_ns()}.wild.honest-lab.net").rcode() == dns.rcode.NOERROR, 8, "an answer")
    assert time.monotonic() - was_set < 5


@pytest.mark.parametrize("ahead_s", [-10 * YEARS, 10 * YEARS, -3600])
def test_f53_wall_clock_that_jumps_ends_no_connection_and_ages_no_answer(lab, daemon, origin, set_clocks, ahead_s):
    start_with, set_them = set_clocks
    d = daemon(provider(lab, origin.port), start_with=start_with)
    assert d.udp("one.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    set_them(ahead_s=ahead_s)
    kept = d.udp("one.wild.honest-lab.net")
    assert 50 <= kept.answer[0].ttl <= 60 and edes(kept) == []
    for i in range(5):
        assert d.udp(f"after{i}.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    set_them()
    assert d.udp("back.wild.honest-lab.net").rcode() == dns.rcode.NOERROR
    assert counts(origin)[0] == 1
    assert "asleep" not in d.log() and "set aside" not in d.log()


@pytest.mark.parametrize("first_s, then_s", [(0, 7200), (7200, 0)])
@pytest.mark.parametrize("protocol", ["aliyun", "aliyun2-gcm", "alidns"])
def test_f53_wall_clock_that_jumps_costs_a_signed_vendor_one_request_more(daemon, lab, vendors, set_clocks, protocol, first_s, then_s):
    start_with, set_them = set_clocks
    set_them(ahead_s=first_s)
    entry = PROTOCOLS[protocol].replace("URL", vendors.url)
    d = daemon(f"workers: 1\nproviders:\n  - {{name: vendor, addresses: [127.0.0.1], ca-file: {lab.ca}, {entry}}}\nhijack: {{mode: off}}\n",
               start=False, start_with=start_with)
    d.config.chmod(0o600)
    d.start()
    assert d.udp("www.vendor-lab.com").answer
    before = len(vendors.refused)
    set_them(ahead_s=then_s)
    assert d.udp("four.vendor-lab.com").answer
    assert len(vendors.refused) == before + 1
