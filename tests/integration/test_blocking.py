# SPDX-License-Identifier: MIT
"""Block lists against names that hide behind other names, and policy zones with all they can want."""
import dns.flags
import dns.rcode
import pytest
from conftest import edes, traffic, wait_for
from scripted import Scripted
from test_control import ask_json


@pytest.fixture
def story(lab):
    story = Scripted(lab, ttl=300)
    story.put("www.story.example", "A", "www.story.example 300 CNAME t1.Tracker.example.", "t1.Tracker.example 300 A 192.0.2.9")
    story.put("plain.story.example", "A", "plain.story.example 300 A 192.0.2.1")
    yield story
    story.close()


def start(daemon, story, path, more=""):
    return daemon(story.yaml + f"block: {{lists: [{{file: {path}, name: trackers}}]{more}}}\nhosts: []\nhijack: {{mode: off}}\n")


def test_name_whose_cname_is_listed_is_blocked_and_follows_the_list_of_now(story, daemon, tmp_path):
    path = tmp_path / "list"
    path.write_text("other.example\n")
    d = start(daemon, story, path)
    assert len(d.udp("www.story.example").answer) == 2  # learnt before the list names it
    path.write_text("tracker.example\n")
    reply = wait_for(lambda: (r := d.udp("www.story.example")).rcode() == dns.rcode.NXDOMAIN and r, what="the list")
    assert edes(reply) == [(15, "blocked by trackers")] and not reply.answer
    assert story.n_asked("www.story.example") == 1
    assert d.tcp("www.story.example").rcode() == dns.rcode.NXDOMAIN
    assert len(d.udp("plain.story.example").answer) == 1
    counts = ask_json(d, "status")
    assert counts["queries"]["blocked"] >= 2 and counts["policy"]["listed"] == 1
    path.write_text("other.example\n")
    wait_for(lambda: len(d.udp("www.story.example").answer) == 2, what="the list without it")


@pytest.mark.parametrize("more", [", cnames: no", ", allow: [www.story.example]", ", allow: [t1.tracker.example]"])
def test_name_with_a_listed_cname_passes_where_somebody_said_so(story, daemon, tmp_path, more):
    path = tmp_path / "list"
    path.write_text("tracker.example\n")
    d = start(daemon, story, path, more)
    wait_for(lambda: edes(d.udp("tracker.example")), what="the list")
    assert len(d.udp("www.story.example").answer) == 2


def test_policy_zone_drops_sends_to_tcp_and_says_what_it_cannot_look_at(story, daemon, tmp_path):
    path = tmp_path / "zone"
    path.write_text("$TTL 1h\n@ SOA a. b. 1 2 3 4 5\ngone.story.example CNAME .\nquiet.story.example CNAME rpz-drop.\n"
                    "plain.story.example CNAME rpz-tcp-only.\ntext.story.example TXT \"see; there\"\n"
                    "32.1.2.0.192.rpz-ip CNAME .\nns.bad.example.rpz-nsdname CNAME .\n32.1.0.0.127.rpz-client-ip CNAME .\n")
    d = start(daemon, story, path)
    wait_for(lambda: d.udp("gone.story.example").rcode() == dns.rcode.NXDOMAIN and edes(d.udp("gone.story.example")))
    assert d.raw_udp(d.query("quiet.story.example").to_wire()) is None
    with d.tcp_stream() as stream:
        stream.send(d.query("quiet.story.example").to_wire(), d.query("plain.story.example").to_wire())
        assert b"\5plain" in stream.receive()  # the other is not answered, the connection goes on
    cut = d.udp("plain.story.example")
    assert cut.flags & dns.flags.TC and not cut.answer
    text = d.udp("text.story.example", "TXT").answer[0]
    assert text[0].strings == (b"see; there",) and text.ttl == 3600
    assert "1 triggers by an answer's address, 1 by a name server and 1 by a client" in d.log()
    assert "are not for a resolver" not in d.log()
    assert traffic(d, "udp")["policy"] == 1


def test_refusals_of_the_rebinding_guard_are_counted(story, daemon):
    story.put("in.story.example", "A", "in.story.example 300 A 192.168.0.1")
    d = daemon(story.yaml + "rebinding-guard: {mode: on}\nhijack: {mode: off}\n")
    assert d.udp("in.story.example").rcode() == dns.rcode.NXDOMAIN
    assert ask_json(d, "status")["queries"]["rebinding"] == 1
