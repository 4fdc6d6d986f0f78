# SPDX-License-Identifier: MIT
"""The vendors' protocols end to end: the real daemon asks mocks that check its signatures and open its ciphers."""
import subprocess
from concurrent.futures import ThreadPoolExecutor

import dns.flags
import dns.rcode
import pytest

from conftest import HTTPDNSCTL, HTTPDNSD, edes, wait_for

pytest.importorskip("cryptography", reason="python3-cryptography is not installed: the vendors' mocks have no ciphers")
import vendors as mock  # noqa: E402

KEYS = f"account: {mock.ACCOUNT}, secret: {mock.SECRET}"
V2 = f"protocol: aliyun2, account: {mock.ACCOUNT}, secret: {mock.SECRET_HEX}, url: URL/aliyun2"
TENCENT = f"protocol: tencent, account: {mock.ACCOUNT}, insecure-http: yes, url: CLEAR/tencent/d"
PROTOCOLS = {
    "alidns": f"protocol: alidns, {KEYS}, access-key: {mock.ACCESS_KEY}, url: URL/alidns/resolve",
    "aliyun": f"protocol: aliyun, {KEYS}, fixed-addresses: yes, url: URL/aliyun",
    "aliyun-batch": f"protocol: aliyun, {KEYS}, batch: yes, url: URL/aliyun",
    "aliyun2": V2,
    "aliyun2-cbc": f"{V2}, cipher: aes-cbc, cipher-key: {mock.AES_HEX}",
    "aliyun2-gcm": f"{V2}, cipher: aes-gcm, cipher-key: '{mock.AES_HEX}'",
    "aliyun2-sdns": f"{V2}, sdns: [z=1, k=v1], tags: t, cipher: aes-gcm, cipher-key: '{mock.AES_HEX}'",
    "tencent": f"protocol: tencent, token: {mock.TOKEN}, url: URL/tencent/d",
    "tencent-aes": f"{TENCENT}, cipher: aes, cipher-key: {mock.AES_TEXT}",
    "tencent-des": f"{TENCENT}, cipher: des, insecure-des: yes, cipher-key: {mock.DES_TEXT}",
    "volc": f"protocol: volc, {KEYS}, url: URL/volc/resolve",
    "baidu": f"protocol: baidu, {KEYS}, url: URL/baidu/v4/resolve",
    "generic-ucloud": f"protocol: generic, {KEYS}, url: 'URL/ucloud/{{account}}/resolve?app_id=app&host={{host}}&timestamp={{t}}',"
                      " sign: 'app-{host}-{t}-{secret}', header: 'Authorization: {sign}', answers: [/ip_list], ttl: /ttl,"
                      " code: /code, empty-codes: [FAIL_TO_RESOLVE]",
}
A_ALONE = {"generic-ucloud"}
TELLS_BOTH = sorted(set(PROTOCOLS) - A_ALONE - {"alidns", "baidu"})


@pytest.fixture
def vendors(lab, tmp_path):
    made = mock.Vendors(lab, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def with_vendor(daemon, vendors, lab):
    """A factory: a daemon with this provider, and with the lab's DoH providers behind it unless `alone`."""
    def make(entry, alone=False, more=""):
        entry = entry.replace("URL", vendors.url).replace("CLEAR", f"http://127.0.0.1:{vendors.clear_port}")
        yaml = f"workers: 1\nproviders:\n  - {{name: vendor, addresses: [127.0.0.1], ca-file: {lab.ca}, {entry}}}\n"
        if not alone:
            yaml += lab.provider_yaml().removeprefix("providers:\n")
        d = daemon(yaml + more + "hijack: {mode: off}\nlog: {level: debug}\n", start=False)
        d.config.chmod(0o600)
        return d.start()
    return make


def addresses(reply):
    return sorted(rr.address for rrset in reply.answer for rr in rrset)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_vendor_answers_what_it_knows(with_vendor, vendors, protocol):
    d = with_vendor(PROTOCOLS[protocol], alone=True)
    reply = d.udp("WWW.Vendor-Lab.com", "A")
    assert reply.rcode() == dns.rcode.NOERROR and addresses(reply) == ["198.51.100.80", "198.51.100.81"], edes(reply)
    assert 50 <= reply.answer[0].ttl <= mock.TTL
    assert not reply.flags & (dns.flags.AA | dns.flags.AD)
    if protocol not in A_ALONE:
        assert addresses(d.udp("www.vendor-lab.com", "AAAA")) == ["2001:db8::80"]
    assert vendors.refused == []


def test_each_reply_begins_with_another_of_a_vendors_addresses(with_vendor, vendors):
    d = with_vendor(PROTOCOLS["aliyun"])
    first = {d.udp("www.vendor-lab.com", id=i).answer[0][0].address for i in range(4)}
    assert first == {"198.51.100.80", "198.51.100.81"}


@pytest.mark.parametrize("protocol", TELLS_BOTH)
def test_one_request_answers_both_families(with_vendor, vendors, protocol):
    d = with_vendor(PROTOCOLS[protocol], alone=True)
    d.udp("www.vendor-lab.com", "A")
    assert addresses(d.udp("www.vendor-lab.com", "AAAA")) == ["2001:db8::80"]
    d.udp("four.vendor-lab.com", "AAAA")
    assert addresses(d.udp("four.vendor-lab.com", "A")) == ["198.51.100.4"]
    assert len(vendors.questions()) == 2


@pytest.mark.parametrize("protocol", TELLS_BOTH)
def test_both_families_asked_at_once_are_one_request(with_vendor, vendors, protocol):
    vendors.delay_s = 0.2
    d = with_vendor(PROTOCOLS[protocol], alone=True)
    with ThreadPoolExecutor(2) as two:
        replies = list(two.map(lambda kind: d.udp("www.vendor-lab.com", kind), ["A", "AAAA"]))
    assert [addresses(reply) for reply in replies] == [["198.51.100.80", "198.51.100.81"], ["2001:db8::80"]]
    assert len(vendors.questions()) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_a_vendor_does_not_know_is_asked_of_the_next_provider(with_vendor, protocol):
    d = with_vendor(PROTOCOLS[protocol])
    reply = d.udp("one.wild.honest-lab.net")
    if protocol != "alidns":  # it knows of every name, and says NXDOMAIN itself
        assert addresses(reply) == ["151.101.1.72"], edes(reply)
        assert d.udp("example.com", "SOA").answer, "other types go to a provider that takes them"
    assert d.udp("not-there.example.com").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize("protocol", ["aliyun", "tencent-aes", "volc", "baidu", "generic-ucloud"])
def test_unexplained_absence_alone_is_nodata_for_a_minute_at_most(with_vendor, protocol):
    d = with_vendor(PROTOCOLS[protocol], alone=True)
    reply = d.udp("nobody.honest-lab.net")
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer
    soa = reply.authority[0]
    assert 25 <= soa.ttl <= 60 and str(soa.name) == "honest-lab.net."


def test_absence_with_a_reason_is_told_as_it_is(with_vendor):
    d = with_vendor(PROTOCOLS["aliyun2-gcm"], alone=True)
    assert d.udp("gone.vendor-lab.com").rcode() == dns.rcode.NXDOMAIN
    reply = d.udp("four.vendor-lab.com", "AAAA")
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer


@pytest.mark.parametrize("protocol", ["aliyun", "tencent", "volc"])
def test_family_that_is_missing_beside_the_other_is_nodata(with_vendor, vendors, protocol):
    d = with_vendor(PROTOCOLS[protocol])
    reply = d.udp("four.vendor-lab.com", "AAAA")
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer and reply.authority


def test_types_that_nobody_takes_are_servfail_save_https(with_vendor, vendors):
    d = with_vendor(PROTOCOLS["aliyun"], alone=True)
    reply = d.udp("www.vendor-lab.com", "MX")
    assert reply.rcode() == dns.rcode.SERVFAIL and 21 in [code for code, _ in edes(reply)]
    reply = d.udp("www.vendor-lab.com", "HTTPS")
    assert reply.rcode() == dns.rcode.NOERROR and not reply.answer
    assert d.udp("_x.vendor-lab.com", "A").rcode() == dns.rcode.SERVFAIL
    assert vendors.asked == []


@pytest.mark.parametrize("word, rcode", [("notimp", dns.rcode.NOTIMP), ("refused", dns.rcode.REFUSED)])
def test_types_that_nobody_takes_are_answered_as_wanted(with_vendor, vendors, word, rcode):
    d = with_vendor(PROTOCOLS["aliyun"], alone=True, more=f"unserved: {word}\n")
    for _ in range(2):
        reply = d.udp("www.vendor-lab.com", "MX")
        assert reply.rcode() == rcode and 21 in [code for code, _ in edes(reply)]
    assert d.udp("www.vendor-lab.com", "HTTPS").rcode() == dns.rcode.NOERROR
    assert vendors.asked == []


def test_text_types_come_through_alidns(with_vendor):
    d = with_vendor(PROTOCOLS["alidns"], alone=True)
    assert d.udp("www.vendor-lab.com", "TXT").answer[0][0].strings == (b"one", b"two")


@pytest.mark.parametrize("protocol", ["aliyun", "aliyun2-gcm", "volc", "baidu", "alidns"])
@pytest.mark.parametrize("ahead_s", [7200, -7200])
def test_clock_is_set_by_the_vendors_and_the_question_asked_again(with_vendor, vendors, protocol, ahead_s):
    if ahead_s < 0 and protocol in ("volc", "baidu"):
        pytest.skip("these take any time that lies ahead")
    vendors.ahead_s = ahead_s
    d = with_vendor(PROTOCOLS[protocol], alone=True)
    assert addresses(d.udp("www.vendor-lab.com")) == ["198.51.100.80", "198.51.100.81"]
    assert len(vendors.refused) == 1
    assert addresses(d.udp("four.vendor-lab.com")) == ["198.51.100.4"]
    assert len(vendors.refused) == 1, "the clock stays right"


@pytest.mark.parametrize("protocol", ["alidns", "aliyun", "aliyun2", "tencent", "volc", "baidu", "generic-ucloud"])
def test_wrong_credentials_are_an_error_without_a_fallback_and_none_with_one(with_vendor, protocol):
    wrong = PROTOCOLS[protocol].replace(mock.ACCOUNT, "999").replace(mock.TOKEN, "wr0ng").replace(mock.SECRET_HEX, "00")
    d = with_vendor(wrong, alone=True)
    reply = d.udp("www.vendor-lab.com")
    shown = subprocess.run([HTTPDNSCTL, "--socket", d.folder / "control.sock", "providers"], capture_output=True, text=True).stdout
    assert any(word in shown for word in ("Invalid", "UNAUTHORIZED", "does not take our credentials")), shown
    assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)
    assert d.log().count("'vendor' is set aside") == 1
    assert addresses(with_vendor(wrong).udp("one.wild.honest-lab.net")) == ["151.101.1.72"]


def test_aliyun_service_addresses_are_asked_for_with_a_signature(with_vendor, vendors):
    d = with_vendor(PROTOCOLS["aliyun-batch"], alone=True)
    d.udp("www.vendor-lab.com")
    wait_for(lambda: any(path[-1] == "ss" for _, path, _ in vendors.asked), what="the service's addresses")
    assert addresses(d.udp("four.vendor-lab.com")) == ["198.51.100.4"]
    assert vendors.refused == []


@pytest.mark.parametrize("protocol", ["tencent", "tencent-aes", "volc", "aliyun-batch", "aliyun2-gcm"])
def test_service_tells_where_it_is_when_it_is_asked_to(with_vendor, vendors, protocol):
    vendors.closes = True  # each question makes a connection
    asks_unasked = protocol.startswith("aliyun")  # unless fixed-addresses says otherwise
    d = with_vendor(PROTOCOLS[protocol] + ("" if asks_unasked else ", dispatch: yes"), alone=True)
    d.udp("www.vendor-lab.com")
    names = (f"n{i}.vendor-lab.com" for i in range(1000))
    wait_for(lambda: d.udp(next(names)) and vendors.heard_at[-1] == vendors.elsewhere, what="a question at the address that was told")
    assert addresses(d.udp("four.vendor-lab.com")) == ["198.51.100.4"]
    assert vendors.refused == []


@pytest.mark.parametrize("protocol", ["aliyun-batch", "aliyun2-gcm"])
def test_service_that_is_switched_off_is_left_alone_for_another_provider(with_vendor, vendors, protocol):
    vendors.switched_off = True
    d = with_vendor(PROTOCOLS[protocol])
    names = (f"n{i}.wild.honest-lab.net" for i in range(1000))
    wait_for(lambda: d.udp(next(names)) and any(path[-1] == "ss" for _, path, _ in vendors.asked), what="the service's state")

    def is_left_alone():
        before = len(vendors.questions())
        return d.udp(next(names)) and len(vendors.questions()) == before
    wait_for(is_left_alone, what="a question that is not put to it")
    before = len(vendors.questions())
    assert addresses(d.udp("one.wild.honest-lab.net")) == ["151.101.1.72"]
    assert len(vendors.questions()) == before


def test_client_subnet_is_told_only_when_configured_and_never_whole(with_vendor, vendors):
    with_vendor(PROTOCOLS["aliyun"], alone=True).udp("www.vendor-lab.com")
    with_vendor(PROTOCOLS["aliyun"] + ", client-subnet: 192.0.2.0/24", alone=True).udp("www.vendor-lab.com")
    told = [query.get("ip") for _, _, query in vendors.asked]
    assert told == [None, "192.0.2.0"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_secret_is_ever_shown(with_vendor, vendors, protocol):
    d = with_vendor(PROTOCOLS[protocol], alone=True)
    said = []
    for name in ("www.vendor-lab.com", "nobody.honest-lab.net"):
        said.append(d.udp(name).to_text())
    vendors.ahead_s = 10**6
    said += [d.udp(f"n{i}.honest-lab.net").to_text() for i in range(4)]
    shown = subprocess.run([HTTPDNSD, "--config", d.config, "--show-config"], capture_output=True, text=True)
    assert shown.returncode == 0 and "***" in shown.stdout, shown
    d.config.chmod(0o644)
    refused = subprocess.run([HTTPDNSD, "--config", d.config, "--check"], capture_output=True, text=True)
    assert refused.returncode != 0 and "chmod go-r" in refused.stdout + refused.stderr
    d.stop()
    everything = "\n".join([d.log(), shown.stdout, shown.stderr, refused.stdout, refused.stderr, *said])
    assert [s for s in mock.SECRETS if s in everything] == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("how", ["echoes", "redirects", "refuses", "fails", "breaks"])
def test_no_secret_is_shown_when_things_go_wrong(with_vendor, vendors, protocol, how):
    vendors.misbehaves = how
    d = with_vendor(PROTOCOLS[protocol], alone=True)
    reply = d.udp("www.vendor-lab.com")
    assert reply.rcode() == dns.rcode.SERVFAIL and edes(reply)
    ctl = [HTTPDNSCTL, "--socket", d.folder / "control.sock", "--json"]
    said = [subprocess.run([*ctl, word], capture_output=True, text=True).stdout for word in ("status", "providers")]
    assert all(said)
    d.stop()
    everything = "\n".join([d.log(), reply.to_text(), *said])
    assert [s for s in mock.SECRETS if s in everything] == []
    assert "sign=" not in everything and "&s=" not in everything and "key=" not in everything


def test_secret_in_a_file_of_its_own_serves_as_well(with_vendor, vendors, tmp_path):
    path = tmp_path / "token"
    path.write_text(mock.TOKEN + "\n")
    path.chmod(0o600)
    entry = PROTOCOLS["tencent"].replace(f"token: {mock.TOKEN}", f"token-file: {path}")
    assert addresses(with_vendor(entry, alone=True).udp("four.vendor-lab.com")) == ["198.51.100.4"]
