# SPDX-License-Identifier: MIT
"""What the laboratory plays: one row a kind of lie or oddity.

A row is the state of the world (world.py) and, besides:

  asks     [(name, type), ...]   what the client asks, one after the other's check; [(NAME, "A")] if not given
  turns    n                     instead, the auditor's patrol visits NAME so often: A and AAAA in turn, an hour apart each
  then     [(turn, state), ...]  before that turn the world becomes this
  nft      what the path does to port 53: rig.rules_of()
  asn      the auditor knows whose addresses are (rig.ASNS)
  listed   (scope, [addresses and names])   what the operator's list of block pages has
  server   the local resolver's address, if it is not rig.LOCAL;  filters: may it be the user's own
  checks   so many checks are waited for: the probe's and one for each question if not given

and how it ends: `proved`, the rules of which one must prove it; or `ends`, (verdict, rule, finding) that must be noted; or `never`, the rule that must not be
noted; or `consistent`, so many checks must end so.
"""
import rig as rigs

NAME, OTHERS = "www.bank-one.com", ["www.shop-two.net", "mail.club-three.org", "www.news-four.com"]
NAMES = [NAME, *OTHERS]
CHURN_ZONE = "cdn-six.com"
TRUTH = {
    **{name: {"A": [rigs.ORIGINS[i]], "AAAA": [rigs.V6[0]], "HTTPS": ["1 . alpn=h2"]} for i, name in enumerate(NAMES)},
    "example.com": {"A": [rigs.ORIGINS[6]], "AAAA": [rigs.V6[0]]},
    "ipv4only.arpa": {"A": ["192.0.0.170", "192.0.0.171"]},
}
TARGET = {"names": [NAME]}
SIGNED = {"signed": ["bank-one.com"]}


def forged(address, tls=None, **more):
    """The local resolver gives that address for NAME, where TLS is as told."""
    return {"local": "forge", "options": {**TARGET, "say": [address]}, "tls": {address: tls} if tls else {}, **more}


def elsewhere(address, **more):
    """Honest, but it has another of NAME's addresses."""
    return {"local": "own_truth", "options": {"truth": {NAME: {"A": [address]}}}, **more}


def truth_with(**data):
    return {**TRUTH, NAME: data}


WITH_ECH = {"A": [rigs.ORIGINS[0]], "AAAA": [rigs.V6[0]], "HTTPS": ["1 . alpn=h2 ech=AEX+DQBBAAAgACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAEAAQ=="]}
# Three visits show the old address to be steady (turns 0, 2, 4), then it changes; four more, and the local resolver still has the old one.
LAG = {"local": "own_truth", "options": {"truth": {NAME: TRUTH[NAME]}}, "turns": 13,
       "then": [(6, {"truth": truth_with(**{**TRUTH[NAME], "A": [rigs.EDGES[0]]})})]}

# Each must be alerted, by one of these rules.
LIARS = {
    "T1 injector on the path, by raw packets":
        {"local": "honest", "options": {"delay": 0.05}, "inject": {**TARGET, "say": [rigs.BAD[0]]}, "tls": {rigs.BAD[0]: "closed"}, "proved": {"P4"}},
    "T1 injector on the path, of addresses that cannot be":
        {"local": "honest", "options": {"delay": 0.05}, "inject": {**TARGET, "say": ["10.10.34.36"]}, "proved": {"P4", "P2"}},
    "T1 injector for names that are asked of nowhere":
        {"local": "honest", "options": {"delay": 0.05}, "inject": {"names": [NAME, "example.com"], "say": [rigs.BAD[0]]}, "proved": {"P5"}},
    "T1 two answers of the local resolver": {"local": "race", "options": {**TARGET, "say": [rigs.BAD[0]]}, "tls": {rigs.BAD[0]: "wrong"}, "proved": {"P4", "P1"}},
    "T1 two answers, to where nobody is":
        {"local": "race", "options": {**TARGET, "say": [rigs.BAD[0]]}, "tls": {rigs.BAD[0]: "closed"}, "proved": {"P4"}},
    "T1 two answers, to another operator's network":
        {"local": "race", "options": {**TARGET, "say": [rigs.BAD[0]]}, "tls": {"*": "closed"}, "asn": True, "proved": {"P4"}},
    "T1 two answers, of addresses that cannot be, on a path that sends all twice":
        {"local": "twice", "options": {**TARGET, "say": ["10.10.34.36", rigs.ORIGINS[0]]}, "proved": {"P4", "P2"}},
    "T2 transparent proxy of port 53": {**forged("10.10.34.34"), "nft": "all", "proved": {"P9", "P5"}},
    "T2 the access provider answers for public resolvers": {"nft": "public", "local": "honest", "proved": {"P9"}},
    "T3 block page with another's certificate": forged(rigs.BAD[0], "wrong", proved={"P1"}),
    "T3 block page with a certificate nobody trusts": forged(rigs.BAD[0], "untrusted", proved={"P1"}),
    "T3 block page with another's certificate, by a cache that counts down and begins anew":
        {"local": "copy", "options": {**TARGET, "say": [rigs.BAD[0]], "life": 12, "again": True}, "ttl": 10, "tls": {rigs.BAD[0]: "wrong"},
         "proved": {"P1"}},
    "T3 block page in the access provider's own network": forged(rigs.ISP_PAGE, "wrong", asn=True, proved={"P1"}),
    "T3 block page beside the genuine caches in the access provider's network":
        forged(rigs.ISP_PAGE, "wrong", asn=True, truth=truth_with(A=[rigs.CACHES[0]]), proved={"P1"}),
    "T3 block page that an access provider's list has, without TLS": forged(rigs.BAD[6], "closed", listed=("isp", [rigs.BAD[6]]), proved={"P7"}),
    "T3 an injector's address for many names, without TLS": {**forged(rigs.BAD[6], "closed", listed=("pool", [rigs.BAD[6]])),
                                                             "options": {"names": NAMES[:3], "say": [rigs.BAD[6]]},
                                                             "asks": [(name, "A") for name in NAMES[:3]], "proved": {"P10"}},
    "T4 search page for what does not exist": {"local": "wildcard", "options": {"say": [rigs.ISP_PAGE]}, "proved": {"P3"}},
    "T5 a name that exists is said not to": {"local": "deny", "options": TARGET, "proved": {"P11"}},
    "T5 a name that exists is said to have no address": {"local": "deny", "options": {**TARGET, "rcode": "NOERROR"}, "proved": {"P11"}},
    "T5 SERVFAIL for one name": {"local": "deny", "options": {**TARGET, "rcode": "SERVFAIL"}, "proved": {"P11"}},
    "T5 REFUSED for one name": {"local": "deny", "options": {**TARGET, "rcode": "REFUSED"}, "proved": {"P11"}},
    "T6 bogon": forged("10.10.34.36", proved={"P2"}),
    "T6 bogon, nowhere": forged("0.0.0.0", proved={"P2"}),
    "T6 one bogon for many names": {**forged("10.10.34.36"), "options": {"names": NAMES[:3], "say": ["10.10.34.36"]},
                                    "asks": [(name, "A") for name in NAMES[:3]], "proved": {"P2"}, "tells": "CLUSTER"},
    "T6 bogon in IPv6": {**forged("2001::1f0d:5e0f"), "asks": [(NAME, "AAAA")], "proved": {"P2"}},
    "T6 bogon through the user's router, and from public resolvers too": {**forged("10.10.34.34"), "nft": "all", "filters": "yes", "proved": {"P2"}},
    "T7 rogue resolver": forged(rigs.BAD[1], "untrusted", server=rigs.ROGUE, asn=True, proved={"P1"}),
    "T8/EDE a filter that says so": {"local": "declared", "options": {**TARGET, "ede": 16}, "proved": {"P8"}},
    "T12 signed answer forged": {**SIGNED, "local": "forge_signed", "options": {**TARGET, "say": [rigs.BAD[0]]}, "tls": {rigs.BAD[0]: "closed"},
                                 "proved": {"P6"}},
    "T13 CNAME to a name that a list has": {"local": "cname", "options": {**TARGET, "to": "block.isp-page.net.", "say": [rigs.BAD[1]]},
                                            "tls": {rigs.BAD[1]: "closed"}, "listed": ("nation", ["block.isp-page.net"]), "proved": {"P7"}},
    "T13 CNAME to a block page": {"local": "cname", "options": {**TARGET, "to": "block.isp-page.net.", "say": [rigs.BAD[1]]},
                                  "tls": {rigs.BAD[1]: "wrong"}, "proved": {"P1"}},
}

# Honest, or not to be proved: no alert of any class.
HONEST = {
    "agrees": {"local": "honest", "consistent": 2},
    "another content network with a valid certificate": elsewhere(rigs.EDGES[0], consistent=2),
    "another content network with a valid certificate, by operator": elsewhere(rigs.EDGES[0], asn=True, consistent=2),
    "a genuine cache in the access provider's network": elsewhere(rigs.CACHES[1], asn=True, consistent=2),
    "another network of the same operator, without TLS": elsewhere(rigs.SIBLING, asn=True, tls={"*": "closed"}, consistent=2),
    "disjoint answers, TLS down at both": elsewhere(rigs.EDGES[0], tls={"*": "closed"}),
    "TLS broken at both": elsewhere(rigs.EDGES[0], tls={"*": "untrusted"}),
    "TLS down at the local answer only": elsewhere(rigs.EDGES[0], tls={rigs.EDGES[0]: "closed"}),
    "answers everything twice, the same": {"local": "race_twins"},
    "two answers of one balancer": {"local": "race", "options": {**TARGET, "say": ["151.101.1.82"]}, "asks": [(NAME, "A")]},
    "two answers of two content networks, on a path that sends all twice":
        {"local": "twice", "options": {**TARGET, "say": [rigs.EDGES[0], rigs.BAD[7]]}, "asn": True, "tls": {"*": "closed"}},
    "two answers, one of them that of the provider, on a path that sends all twice":
        {"local": "twice", "options": {**TARGET, "say": [rigs.ORIGINS[0], rigs.EDGES[0]]}, "asn": True, "tls": {"*": "closed"}},
    "two answers of two content networks, with valid certificates at both":
        {"local": "race", "options": {**TARGET, "say": [rigs.EDGES[0]]}, "asn": True},
    "two answers of one operator": {"local": "race", "options": {**TARGET, "say": [rigs.SIBLING]}, "asn": True, "tls": {"*": "closed"}},
    "N3 another address, in a zone of the access provider's own":
        {"local": "own_zone", "options": {**TARGET, "say": [rigs.BAD[0]], "primary": "ns1.isp-page.net."}, "tls": {"*": "closed"},
         "ends": ("SUSPECTED", "N3", "NONE")},
    "N3 another address, in the name's own zone": elsewhere(rigs.EDGES[0], tls={"*": "closed"}, never="N3"),
    "T9 the local resolver does not follow a change, twice seen, and its zone is versions behind":
        {**LAG, "turns": 11, "serial": 9, "options": {**LAG["options"], "serial": 5}, "ends": ("STALE", "ST4", "STALE_LAG")},
    "T9 the local resolver does not follow a change, twice seen, and its zone is up to date": {**LAG, "turns": 11, "never": "ST4"},
    "a site that moved within its TTL, and somebody else is where it was":
        {"local": "copy", "options": {**TARGET, "say": [rigs.BAD[0]], "life": 12}, "ttl": 10, "tls": {rigs.BAD[0]: "wrong"}, "consistent": 2},
    "a site that moved within a TTL of hours, and somebody else is where it was":
        {"local": "copy", "options": {**TARGET, "say": [rigs.BAD[0]], "life": 7200}, "tls": {rigs.BAD[0]: "wrong"},
         "ends": ("PROBABLE", "P1", "HIJACK_REDIRECT")},
    "T9 TTL stretched, of which little is known": {"local": "long_ttl", "options": {"ttl": 86400}, "turns": 1},
    "T9 TTL stretched": {"local": "long_ttl", "options": {"ttl": 86400}, "turns": 3, "ends": ("STALE", "ST2", "STALE_TTL")},
    "T9 TTL of a signed name stretched": {**SIGNED, "local": "signed_long_ttl", "options": {"ttl": 86400}, "turns": 1, "ends": ("STALE", "ST2", "STALE_TTL")},
    "T9 the local resolver does not follow a change": {**LAG, "ends": ("STALE", "ST4", "STALE_LAG")},
    "T9 the local resolver does not follow a change, and the old address is nobody's":
        {**LAG, "then": [*LAG["then"][:-1], (LAG["then"][-1][0], {**LAG["then"][-1][1], "tls": {rigs.ORIGINS[0]: "wrong"}})],
         "ends": ("STALE", "ST4", "STALE_HARMFUL")},
    "T9 stale, and says so": {"local": "stale", "options": {**TARGET, "declared": True, "truth": {NAME: {"A": [rigs.ORIGINS[5]]}}},
                              "ends": ("STALE", "ST1", "STALE_DECLARED")},
    "T9 stale signature": {**SIGNED, "local": "old_signature", "turns": 1, "ends": ("STALE", "ST3", "STALE_SIGNATURE")},
    "T9 stale signature of an old address": {**SIGNED, **elsewhere(rigs.ORIGINS[5]), "local": "old_signature", "tls": {"*": "closed"},
                                             "ends": ("STALE", "ST3", "STALE_SIGNATURE")},
    "T10 no AAAA": {"local": "no_type", "options": {"types": ["AAAA"]}, "asks": [(NAME, "A"), (NAME, "AAAA")], "ends": ("DOWNGRADE", "T10", "AAAA_FILTERED")},
    "no AAAA, and nothing is known of A": {"local": "no_type", "options": {"types": ["AAAA"]}, "asks": [(NAME, "AAAA")]},
    "T11 no HTTPS record for one name": {"local": "no_type", "options": {**TARGET, "types": ["HTTPS"], "for": "names"}, "turns": 1,
                                         "ends": ("DOWNGRADE", "T11", "HTTPS_STRIPPED")},
    "T11 no HTTPS records at all": {"local": "no_type", "options": {"types": ["HTTPS"]}, "turns": 1, "ends": ("DOWNGRADE", "T11", "HTTPS_STRIPPED")},
    "T11 the HTTPS record without its keys for ECH": {"local": "own_truth", "truth": truth_with(**WITH_ECH), "turns": 1,
                                                      "options": {"truth": {NAME: {**WITH_ECH, "HTTPS": ["1 . alpn=h2"]}}}, "ends": ("DOWNGRADE", "T11", "ECH_STRIPPED")},
    "another content network, without HTTPS records": elsewhere(rigs.EDGES[0], turns=1),
    "T12 signatures stripped": {**SIGNED, "local": "strip_signatures", "turns": 1, "ends": ("DOWNGRADE", "T12", "DNSSEC_STRIPPED")},
    "a signed name, as it is": {**SIGNED, "local": "honest", "turns": 1, "consistent": 2},
    "one of a signed name's addresses, with the signature of all": {**SIGNED, "local": "one_of_signed", "turns": 1,
                                                                    "truth": truth_with(**{**TRUTH[NAME], "A": [rigs.ORIGINS[0], rigs.ORIGINS[7]]})},
    "a signed name, by the key it had before": {**SIGNED, "local": "old_key", "turns": 1},
    "port 53 is closed but to the local resolver": {"nft": "drop", "local": "honest", "consistent": 2},
    "port 53 is refused but by the local resolver": {"nft": "reject", "local": "honest", "consistent": 2},
    "a signed name's other addresses, signed": {**SIGNED, **elsewhere(rigs.EDGES[0]), "local": "signed_long_ttl", "tls": {"*": "closed"},
                                                "options": {"ttl": 200, "truth": {NAME: {"A": [rigs.EDGES[0]]}}}, "consistent": 2},
    "DNS64 by the network's own prefix": {"local": "dns64", "options": {"prefix": "2a02:8108:64::"}, "asks": [(NAME, "AAAA")],
                                          "truth": truth_with(A=[rigs.ORIGINS[0]]), "consistent": 2},
    "DNS64 by a prefix for local use": {"local": "dns64", "options": {"prefix": "64:ff9b:1::"}, "asks": [(NAME, "AAAA")],
                                        "truth": truth_with(A=[rigs.ORIGINS[0]]), "consistent": 2},
    "DNS64": {"local": "dns64", "asks": [(NAME, "AAAA")], "truth": truth_with(A=[rigs.ORIGINS[0]]), "consistent": 2},
    "T14 case lost": {"local": "lower_case", "consistent": 2},
    "T15 truncates": {"local": "truncate"},
    "T15 truncates, and refuses TCP": {"local": "truncate", "options": {"no_tcp": True}},
    "T8 captive portal": {"local": "portal", "options": {"say": ["10.0.0.1"]}, "checks": 1},
    "T8 captive portal at a public address": {"local": "portal", "options": {"say": [rigs.BAD[3]]}, "tls": {rigs.BAD[3]: "wrong"}, "checks": 1},
    "refuses everything": {"local": "refuse_all"},
    "refuses everything, no recursion": {"local": "refuse_all", "options": {"ra": False}},
    "silent": {"local": "silent"},
    "an address that is new, and the local resolver remembers that there was none":
        {"local": "remembers", "options": {**TARGET, "rcode": "NOERROR"}, "ends": ("PROBABLE", "P11", "BLOCKED_NEGATIVE")},
    "a name that is new, with all below it, and the local resolver remembers that it was not":
        {"local": "remembers", "options": {**TARGET, "rcode": "NXDOMAIN", "say": [rigs.ORIGINS[0]]}, "ends": ("PROBABLE", "P11", "BLOCKED_NEGATIVE")},
    "an address that is new, and a resolver that gives no SOA remembers that there was none":
        {"local": "without_soa", "options": {**TARGET, "rcode": "NOERROR"}, "ends": ("PROBABLE", "P11", "BLOCKED_NEGATIVE")},
    "a chain of which the local resolver has the first half": {"local": "half_chain", "options": {**TARGET, "to": "edge.bank-cdn.net."},
                                                        "ends": ("PROBABLE", "P11", "BLOCKED_NEGATIVE")},
    "SERVFAIL for one name whose signatures do not hold": {"local": "broken_zone", "options": {**TARGET, "ede": 6}},
    "SERVFAIL for one name whose servers are not reached": {"local": "broken_zone", "options": {**TARGET, "ede": 22}},
    "silent for one name": {"local": "mute", "options": TARGET, "ends": ("PROBABLE", "P11", "BLOCKED_NEGATIVE")},
    "SERVFAIL for a name that is broken everywhere": {"local": "deny", "options": {**TARGET, "rcode": "SERVFAIL"},
                                                      "providers": {a: {"mute": True} for a in rigs.PROVIDERS}, "checks": 1},
    "a name that nobody has": {"local": "honest", "asks": [("www.nosuch-five.com", "A")]},
    "a domain that died, and the local resolver still has it": {"local": "own_truth", "options": {"truth": {"www.nosuch-five.com": {"A": [rigs.BAD[4]]}}},
                                                                "asks": [("www.nosuch-five.com", "A")]},
    "T16 rebinding by the owner": {"local": "honest", "truth": truth_with(A=["192.168.1.10"])},
    "T16 rebinding by the owner, of which a provider knows": {**forged("192.168.1.10"),
                                                              "providers": {rigs.PROVIDERS[0]: {"truth": {NAME: {"A": ["192.168.1.10"]}}}}},
    "the user's own filter says nowhere": {**forged("0.0.0.0"), "filters": "yes", "ends": ("PROBABLE", "P2", "FILTERED_LOCAL_OR_ISP")},
    "the providers are the ones that filter": {"local": "honest", "providers": {a: {"filter": [NAME], "zero": True} for a in rigs.PROVIDERS[:2]}},
    "the providers are the ones that deny": {"local": "honest", "providers": {a: {"filter": [NAME]} for a in rigs.PROVIDERS[:2]}},
    "one provider is polluted": {"local": "honest", "providers": {rigs.PROVIDERS[0]: {"truth": {NAME: {"A": [rigs.BAD[2]]}}}}},
    "one provider is polluted, and the local resolver has another place": {
        **elsewhere(rigs.EDGES[0]), "providers": {rigs.PROVIDERS[0]: {"truth": {NAME: {"A": [rigs.BAD[2]]}}}}, "tls": {rigs.BAD[2]: "wrong"}},
    "split horizon": {"local": "forge", "options": {"names": ["intranet.corp"], "say": ["10.1.1.1"]}, "asks": [("intranet.corp", "A")], "checks": 1},
    "split horizon below a public name": {"local": "forge", "options": {"names": ["intranet.bank-one.com"], "say": ["10.1.1.1"]},
                                          "asks": [("intranet.bank-one.com", "A")]},
    "T17 a proxy that passes TLS": forged(rigs.EDGES[3], consistent=2),
    "T17 a proxy that passes TLS, in another's network": forged(rigs.BAD[5], asn=True, consistent=2),
    "one address for many names, of which nothing is known": {"local": "forge", "options": {"names": NAMES[:3], "say": [rigs.BAD[3]]},
                                                              "tls": {rigs.BAD[3]: "closed"}, "asks": [(name, "A") for name in NAMES[:3]],
                                                              "ends": ("PROBABLE", "P10", "HIJACK_REDIRECT")},
    "an address of an injector's pool, without TLS": forged(rigs.BAD[6], "closed", listed=("pool", [rigs.BAD[6]]),
                                                            ends=("PROBABLE", "P7", "HIJACK_REDIRECT")),
    "a listed address that holds the name's certificate": forged(rigs.EDGES[3], listed=("isp", [rigs.EDGES[3]]), consistent=2),
    "garbage": {"local": "garbage", "checks": 1},
}
