# SPDX-License-Identifier: MIT
"""Where alerts go: the journal's and syslog's sockets, played by the test in a mount namespace."""
import contextlib
import re
import socket
import struct

import pytest

from conftest import needs_mounts, wait_for, with_mounts

pytestmark = needs_mounts


def heard(listener):
    """The next datagram, or None."""
    try:
        return listener.recv(65536)
    except BlockingIOError:
        return None


@pytest.fixture
def listener(tmp_path):
    """A datagram socket in a folder of its own."""
    folder = tmp_path / "sink"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(folder / "socket"))
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        yield s, folder


def fields_of(entry):
    """The journal's native protocol: KEY=value lines, or KEY, a 64-bit length and the value."""
    out, at = {}, 0
    while at < len(entry):
        end = entry.index(b"\n", at)
        line = entry[at:end]
        if b"=" in line:
            key, value = line.split(b"=", 1)
            at = end + 1
        else:
            key = line
            n = struct.unpack("<Q", entry[end + 1:end + 9])[0]
            value = entry[end + 9:end + 9 + n]
            at = end + 10 + n
        out[key.decode()] = value.decode()
    return out


def test_alert_reaches_the_journal_with_its_evidence_in_fields(lab, daemon, listener):
    sink, folder = listener
    mounts = f"mkdir -p /run/systemd/journal && mount --bind {folder} /run/systemd/journal"
    d = daemon(lab.provider_yaml() + lab.audit_yaml().replace("stderr", "journal"), start_with=with_mounts(mounts))
    d.udp("mail.bank-of-lab.com")
    entries = []

    def bogon():
        entry = heard(sink)
        if entry is not None:
            entries.append(fields_of(entry))
        return next((e for e in entries if e.get("HTTPDNS_RULE") == "P2"), None)

    fields = wait_for(bogon, 15, "the alert")
    assert fields["MESSAGE"].startswith("DNS hijack CONFIRMED (P2 bogon): mail.bank-of-lab.com A: ")
    assert fields["SYSLOG_IDENTIFIER"] == "httpdnsd" and fields["PRIORITY"].isdigit()
    assert re.fullmatch(r"[0-9a-f]{32}", fields["MESSAGE_ID"])
    assert fields["HTTPDNS_VERDICT"] == "HIJACK_BOGON"
    assert fields["HTTPDNS_QNAME"] == "mail.bank-of-lab.com" and fields["HTTPDNS_QTYPE"] == "A"
    assert fields["HTTPDNS_ISP_ANSWERS"] == "10.66.0.1" and fields["HTTPDNS_CONTROL_ANSWERS"] == "185.31.17.30"
    assert fields["HTTPDNS_ISP_RESOLVER"] == f"127.0.0.1:{lab.local_port}"


def test_alert_reaches_syslog_as_rfc_5424_with_structured_data(lab, daemon, listener):
    sink, folder = listener
    mounts = f"mount -t tmpfs dev /dev && ln -s {folder}/socket /dev/log"
    d = daemon(lab.provider_yaml() + lab.audit_yaml().replace("stderr", "syslog"), start_with=with_mounts(mounts))
    d.udp("mail.bank-of-lab.com")
    messages = []

    def bogon():
        message = heard(sink)
        if message is not None:
            messages.append(message.decode())
        return next((m for m in messages if 'rule="P2"' in m), None)

    message = wait_for(bogon, 15, "the alert")
    assert re.match(r"<\d+>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S+ httpdnsd \d+ HIJACK_BOGON \[httpdns@32473 ", message)
    assert 'qname="mail.bank-of-lab.com"' in message and 'ispAnswers="10.66.0.1"' in message
    assert "] DNS hijack CONFIRMED (P2 bogon): " in message and len(message.encode()) <= 2048


def test_journal_that_reads_nothing_more_holds_nobody_up(lab, daemon, listener):
    _, folder = listener
    mounts = f"mkdir -p /run/systemd/journal && mount --bind {folder} /run/systemd/journal"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.connect(str(folder / "socket"))
        other.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                other.send(b"MESSAGE=nobody reads this\n")
    d = daemon(lab.provider_yaml() + lab.audit_yaml().replace("stderr", "journal"), start_with=with_mounts(mounts))
    d.udp("mail.bank-of-lab.com")
    wait_for(lambda: [a for a in d.alerts() if "(P2 " in a], 15, "the alert on stderr")
    assert d.stop() == 0


def test_alert_that_no_sink_takes_goes_to_stderr(lab, daemon, listener):
    _, folder = listener
    (folder / "socket").unlink()
    mounts = f"mkdir -p /run/systemd/journal && mount --bind {folder} /run/systemd/journal"
    d = daemon(lab.provider_yaml() + lab.audit_yaml().replace("stderr", "journal"), start_with=with_mounts(mounts))
    d.udp("mail.bank-of-lab.com")
    wait_for(lambda: [a for a in d.alerts() if "(P2 " in a], 15, "the alert on stderr")
