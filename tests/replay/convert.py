#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turns a labelled data set into evidence, one JSON line a row (doc/evidence.md says what becomes what).

    convert.py FILE.csv[.gz] > evidence.jsonl

Columns are found by name. Labels are never evidence: they only go into the id, LINE:LABEL. Other data sets
in the same folder are looked at for what the same vantage point heard (`probe_id`)."""
import csv
import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

MOST = 0.95  # what so many vantage points hear is what is due
ENOUGH = 100  # so many answers tell what an owner's TTL is
RCODES = {str(i): w for i, w in enumerate(["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"])}


def rows(path):
    opened = gzip.open(path, "rt", newline="") if str(path).endswith(".gz") else open(path, newline="")
    with opened as file:
        yield from csv.DictReader(file)


def beside(path, name):
    """The rows of another data set in the same folder; none when it is not there."""
    for candidate in (path.parent / f"{name}.csv.gz", path.parent / f"{name}.csv"):
        if candidate.exists():
            return rows(candidate)
    return []


def is_v6(address):
    return ":" in address


def numbers(text):
    return [int(n) for n in (text or "").split() if n.isdigit() and n != "0"]


def question_type(row, addresses):
    """A or AAAA; what asked for any type is judged by the kind of address that came."""
    if row.get("qtype") in ("A", "AAAA"):
        return row["qtype"]
    return "AAAA" if addresses and all(map(is_v6, addresses)) else "A"


def said(row, side, qtype=None):
    """What one side said; None for silence. `side` is "probe" or "control"."""
    rcode = row.get(f"{side}_rcode", "0") or ""
    addresses = (row.get(f"{side}_ips") or "").split()
    if qtype:
        addresses = [a for a in addresses if is_v6(a) == (qtype == "AAAA")]
    if not (rcode.isdigit() or (rcode == "" and addresses)):
        return None
    got = {"rcode": RCODES.get(rcode, int(rcode)) if rcode else "NOERROR"}
    if addresses:
        got["addresses"] = addresses
    asns = numbers(row.get(f"{side}_asns"))
    if asns:
        got["asns"] = asns
    cname = (row.get(f"{side}_cnames") or "").split()
    if cname:
        got["cname"] = cname[-1].rstrip(".")
    return got


def local_said(row, qtype):
    """The probe's side, with the flags and the like that only it has."""
    got = said(row, "probe", qtype)
    if got is None:
        return None
    if row.get("ra") in ("0", "1"):
        got["flags"] = [f for f in ("aa", "ra", "ad", "tc") if row.get(f) == "1"]
    if (row.get("ttl_min") or "").isdigit():
        got["ttl_s"] = min(int(row["ttl_min"]), 2**32 - 1)
    if row.get("case_kept") == "0":
        got["case_lost"] = True
    if row.get("has_soa") == "0" and not got.get("addresses"):
        got["lacks_soa"] = True
    if row.get("rtt_ms"):
        got["rtt_ms"] = float(row["rtt_ms"])
    return got


def handshake(row):
    """What TLS at the local addresses told, as far as the row says."""
    names = row.get("tls_cert_cn") or ""
    if row.get("tls_ok") == "1":
        return "ok"
    if row.get("tls_ok") != "0":
        return None
    domain = row["domain"].lower()
    fits = any(domain == n or (n.startswith("*.") and domain.endswith(n[1:])) for n in names.lower().split())
    return "wrong_name" if names and not fits else "failed"


def controls(row, qtype):
    """One control for each source that the row names: they are given as one set together."""
    got = said(row, "control", qtype)
    if got is None or (not got.get("addresses") and got["rcode"] == "NOERROR"):
        return []
    sources = [s for s in (row.get("control_kind") or "").split("+") if s]
    return [got] * min(max(len(sources), 1), 4)


class Neighbours:
    """What the same vantage point's resolvers did to a name that does not exist."""

    def __init__(self, path):
        self.honest, self.rewrites = set(), defaultdict(set)
        for row in beside(path, "nxdomain_probe"):
            key = row["probe_id"], row.get("resolver_scope")
            if row.get("probe_kind") not in (None, "probe_local_resolver"):
                continue
            if row["probe_rcode"] == "3":
                self.honest.add(key)
            self.rewrites[key].update((row["probe_ips"] or "").split())


def owners_ttl(path):
    """The TTL that at least MOST of the answers for a name stay within; of few answers nothing is said."""
    heard = defaultdict(list)
    for row in rows(path):
        if (row.get("ttl_min") or "").isdigit() and (row.get("probe_ips") or ""):
            heard[row["domain"]].append(int(row["ttl_min"]))
    return {name: sorted(ttls)[int(MOST * len(ttls))] for name, ttls in heard.items() if len(ttls) >= ENOUGH}


def answers(path):
    """facebook_local_vs_public, ooni_measurements, censoredplanet_satellite: one name, two sides."""
    near, ttls = Neighbours(path), owners_ttl(path)
    for row in rows(path):
        addresses = (row.get("probe_ips") or "").split()
        qtype = question_type(row, addresses)
        local = local_said(row, qtype)
        meeting = {"controls": controls(row, qtype), "times": 2}
        case = {"v": 1, "kind": "name", "name": row["domain"], "type": qtype, "meetings": [meeting]}
        if row.get("resolver_scope") == "private":
            case["local_may_filter"] = True
        if row["domain"] in ttls:
            case["history"] = {"ttl": {"most_s": ttls[row["domain"]], "samples": ENOUGH, "providers": 2}}
        if local is not None:
            meeting["local"] = local
            key = row.get("probe_id"), row.get("resolver_scope")
            outcome = handshake(row)
            if outcome and local.get("addresses"):
                local["tls"] = {a: outcome for a in local["addresses"]}
            if set(local.get("addresses", [])) & near.rewrites.get(key, set()):
                local["fingerprint"] = "learned"
            elif (row.get("blockpage") or "0").lower() not in ("", "0", "false", "none"):
                local["fingerprint"] = "product"
            if key in near.honest and not local.get("addresses"):
                case["control_name"] = {"absent": True, "local": {"rcode": "NXDOMAIN"}}
        yield row["label"], case


def pairs(path):
    """multivantage_benign_pdns: the other vantage point counts as two controls."""
    for row in rows(path):
        qtype = question_type(row, (row["probe_ips"] or "").split())
        meeting = {"controls": controls(row, qtype) * 2, "times": 2}
        local = local_said(row, qtype)
        if local is not None:
            meeting["local"] = local
        yield row["label"], {"v": 1, "kind": "name", "name": row["domain"], "type": qtype, "meetings": [meeting]}


def truth(path):
    """wikimedia_geodns_truth: what each country is told, beside what US-East is told."""
    for row in rows(path):
        row = {**row, "probe_rcode": "0", "control_rcode": "0"}
        meeting = {"local": local_said(row, row["qtype"]), "controls": [said(row, "control", row["qtype"])] * 2,
                   "times": 2}
        yield row["label"], {"v": 1, "kind": "name", "name": row["domain"], "type": row["qtype"],
                             "meetings": [meeting]}


def nonexistent(path):
    """nxdomain_probe: one name that cannot exist stands for three under three top-level domains; the data has
    no control name, so that one is taken to be answered."""
    for row in rows(path):
        local = local_said(row, row["qtype"])
        control = {"rcode": RCODES.get(row["control_rcode"], "NXDOMAIN")}
        names = []
        for tld in ("com", "net", "org"):
            name = {"tld": tld, "controls": [control, control]}
            if local is not None:
                name["local"] = local
            names.append(name)
        run = {"names": names, "control_name": {"addresses": ["93.184.216.34"]}, "times": 2}
        yield row["label"], {"v": 1, "kind": "nonexistent", "runs": [run]}


# Columns of transparent_interception: signal, the column's stem.
SIGNALS = [("chaos", "idserver"), ("chaos", "hostname"), ("chaos", "version"), ("dnssec", "dnssec_failed"),
           ("v6only", "v6only"), ("nxdomain", "nxd"), ("truncation", "dnskey512")]


def heard(row, stem):
    rcode = row.get(f"{stem}_rcode") or ""
    if not rcode.isdigit():
        return None
    got = {"rcode": RCODES.get(rcode, int(rcode))}
    addresses = (row.get(f"{stem}_ips") or "").split()
    if addresses:
        got["addresses"] = addresses
    if row.get(f"{stem}_tc") == "1":
        got["flags"] = ["ra", "tc"]
    return got


def due(group, stem):
    """What nearly all vantage points hear from this target, without addresses; None when they differ."""
    counts = Counter(json.dumps({k: v for k, v in got.items() if k != "addresses"})
                     for got in (heard(row, stem) for row in group) if got is not None)
    total = sum(counts.values())
    word, n = counts.most_common(1)[0] if counts else (None, 0)
    return json.loads(word) if total and n >= MOST * total else None


def path_signals(row, operator, what_is_due, home):
    for signal, stem in SIGNALS:
        got = heard(row, stem)
        if got is not None and what_is_due[stem] is not None:
            text = {"text": row[f"{stem}_txt"][:60]} if row.get(f"{stem}_txt") else {}
            yield {"signal": signal, "operator": operator, "target": row["target"],
                   "got": [{**got, **text, "times": 2}], "due": what_is_due[stem]}
    if numbers(row["whoami_asn"]):
        yield {"signal": "whoami", "operator": operator, "target": row["target"],
               "got": [{"asns": numbers(row["whoami_asn"]), "addresses": row["whoami_ips"].split()[:1], "times": 2}],
               "due": {"asns": [home]}}
    if row["fb_case_kept"] in ("0", "1"):
        lost = {"case_lost": True} if row["fb_case_kept"] == "0" else {}
        yield {"signal": "case", "operator": operator, "target": row["target"], "got": [{**lost, "times": 2}],
               "due": {"rcode": "NOERROR"}}


def interception(path, whoami=True):
    """transparent_interception: what is due is what nearly all vantage points hear from the same target."""
    groups = defaultdict(list)
    for row in rows(path):
        groups[row["target"]].append(row)
    dues, homes = {}, {}
    for target, group in groups.items():
        dues[target] = {stem: due(group, stem) for _, stem in SIGNALS}
        homes[target] = Counter(n for row in group for n in numbers(row["whoami_asn"])).most_common(1)[0][0]
    for row in rows(path):
        operator = sorted(groups).index(row["target"]) + 1
        signals = [s for s in path_signals(row, operator, dues[row["target"]], homes[row["target"]])
                   if whoami or s["signal"] != "whoami"]
        yield row["label"], {"v": 1, "kind": "path", "signals": signals}


CONVERTERS = {
    "facebook_local_vs_public": answers,
    "ooni_measurements": answers,
    "censoredplanet_satellite": answers,
    "multivantage_benign_pdns": pairs,
    "wikimedia_geodns_truth": truth,
    "nxdomain_probe": nonexistent,
    "transparent_interception": interception,
}


def convert(path, **options):
    """(label, evidence) of each row."""
    path = Path(path)
    name = re.sub(r"\.csv(\.gz)?$", "", path.name)
    return CONVERTERS[name](path, **options)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for i, (label, case) in enumerate(convert(sys.argv[1]), 2):
        print(json.dumps({**case, "id": f"{i}:{label}"}, separators=(",", ":")))


if __name__ == "__main__":
    main()
