# SPDX-License-Identifier: MIT
"""HTTP/3 against nginx, where the installed libcurl speaks it. Debian 12's does not; in a root of a newer system (ROOT, with nginx in it):

    unshare --net --mount sh -c 'ip link set lo up; mkdir -p /h3 ROOT/h3; mount --bind ROOT/h3 /h3
        mkdir -p /h3/build; cp -r build-test/daemon build-test/control /h3/build/
        HTTPDNSD_BUILD=/h3/build HTTPDNSD_START_WITH="chroot ROOT" pytest --basetemp=/h3/t tests/integration/test_http3.py'

Libraries that are missing there go to a folder below /h3: HTTPDNSD_START_WITH="chroot ROOT env LD_LIBRARY_PATH=/h3/lib".
"""
import json
import os
import shutil
import socket
import subprocess
import threading

import dns.message
import dns.rrset
import origin as origin_module
import pytest

import lab as lab_module
from conftest import HTTPDNSCTL, HTTPDNSD, wait_for
from test_hostile_provider import Load, can_filter, nft

START_WITH = os.environ.get("HTTPDNSD_START_WITH", "").split()


def trouble():
    """Why HTTP/3 cannot be spoken here, or ''."""
    if not START_WITH and shutil.which("nginx") is None:
        return "nginx is not installed"
    nginx = subprocess.run([*START_WITH, "nginx", "-V"], capture_output=True, text=True)
    if "http_v3_module" not in nginx.stderr:
        return "nginx has no HTTP/3"
    version = subprocess.run([*START_WITH, str(HTTPDNSD), "--version"], capture_output=True, text=True)
    return "" if "HTTP/3" in version.stdout or "nghttp3" in version.stdout else "the installed libcurl has no HTTP/3"


pytestmark = [pytest.mark.alone, pytest.mark.skipif(trouble() != "", reason=trouble())]


def good_reply(wire):
    query = dns.message.from_wire(wire)
    reply = dns.message.make_response(query)
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "151.101.1.72"))
    return origin_module.Reply(reply.to_wire())


NGINX = """
daemon off; worker_processes 1; error_log {folder}/nginx.log; pid {folder}/nginx.pid; user root;
events {{ worker_connections 512; }}
http {{
    log_format versions '$server_protocol';
    access_log {folder}/access.log versions;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port} ssl; listen 127.0.0.1:{port} quic reuseport; http2 on; http3 on;
        keepalive_requests 100000; ssl_certificate {lab}/leaf.pem; ssl_certificate_key {lab}/leaf.key;
        location / {{ proxy_pass https://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_ssl_verify off; }}
    }}
}}
"""


class Nginx:
    """In front of an origin of ours; `versions()` are those that requests came by, in their order."""

    def __init__(self, lab, folder):
        self.origin = origin_module.Origin(lab, good_reply)
        self.port, self.folder = lab_module.free_ports(1)[0], folder
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, origin=self.origin.port, port=self.port, lab=lab.folder))
        self.process = subprocess.Popen([*START_WITH, "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")],
                                        preexec_fn=lab_module.die_with_parent)
        wait_for(self.listens, what="nginx")
        self.table = f"httpdnsd_h3_{os.getpid()}"

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def versions(self):
        return (self.folder / "access.log").read_text().split()

    def kill_udp(self):
        done = nft(f"table inet {self.table} {{\nchain i {{\ntype filter hook input priority 0;\n"
                   f"udp dport {self.port} drop\nudp sport {self.port} drop\n}}\n}}\n")
        assert done.returncode == 0, done.stderr

    def stop(self):
        nft(f"delete table inet {self.table}")
        self.process.terminate()
        self.process.wait(10)
        self.origin.close()


@pytest.fixture
def nginx(lab, tmp_path):
    nginx = Nginx(lab, tmp_path)
    yield nginx
    nginx.stop()


@pytest.fixture
def over_http3(lab, daemon, nginx):
    return daemon(f"providers:\n  - name: p\n    url: https://provider1.lab.example:{nginx.port}/dns-query\n    addresses: [127.0.0.1]\n"
                  f"    ca-file: {lab.ca}\n    http3: yes\nhijack: {{mode: off}}\nworkers: 1\n", start_with=START_WITH)


def spoken(d):
    got = subprocess.run([*START_WITH, HTTPDNSCTL, "--socket", d.folder / "control.sock", "--json", "providers"], capture_output=True, text=True)
    return json.loads(got.stdout)["providers"][0]["spoken"]


def test_questions_go_by_http_3(over_http3, nginx):
    load = Load(over_http3.port, "quic", rate=50).run(2)
    print(load.describe(), set(nginx.versions()))
    assert load.is_good()
    assert spoken(over_http3) == "http/3"
    assert nginx.versions().count("HTTP/3.0") > 80


@pytest.mark.skipif(not can_filter(), reason="no packet filter can be set here")
def test_without_udp_questions_go_by_http_2_from_the_start(over_http3, nginx):
    nginx.kill_udp()
    load = Load(over_http3.port, "tcp", rate=50).run(2)
    print(load.describe(), set(nginx.versions()))
    assert load.is_good() and max(load.took) < 1.5
    assert spoken(over_http3) == "http/2"


@pytest.mark.skipif(not can_filter(), reason="no packet filter can be set here")
def test_when_udp_dies_under_load_questions_go_on_by_http_2_and_none_is_lost(over_http3, nginx):
    assert Load(over_http3.port, "quic", rate=50).run(1).is_good()
    assert spoken(over_http3) == "http/3"
    dying = threading.Timer(1, nginx.kill_udp)
    dying.start()
    load = Load(over_http3.port, "dying", rate=50).run(6)
    dying.join()
    print(load.describe(), load.p99(after=4), set(nginx.versions()))
    assert load.is_good(), load.bad[:1]
    assert max(load.took) < 2.5 and load.p99(after=4) < 0.2
    assert spoken(over_http3) == "http/2"
