# SPDX-License-Identifier: MIT
"""Writes ASN databases in MaxMind's format (the published specification, version 2.0), as small as may be."""
import ipaddress


def head(kind, n):
    assert n < 285
    size, more = (n, b"") if n < 29 else (29, bytes([n - 29]))
    return bytes([kind << 5 | size]) + more if kind <= 7 else bytes([size, kind - 7]) + more


def value(what):
    if isinstance(what, str):
        return head(2, len(what)) + what.encode()
    if isinstance(what, int):
        return head(6, 4) + what.to_bytes(4, "big")
    if isinstance(what, list):
        return head(11, len(what)) + b"".join(map(value, what))
    if isinstance(what, tuple):  # (type, octets, number): the metadata's own widths
        return head(what[0], what[1]) + what[2].to_bytes(what[1], "big")
    return head(7, len(what)) + b"".join(value(k) + value(v) for k, v in what.items())


def write(path, networks):
    """networks: {"185.31.16.0/22": 64500, …}"""
    nodes, data = [[None, None]], b""
    for text, asn in networks.items():
        network = ipaddress.ip_network(text)
        bits, n = int(network.network_address), network.prefixlen + (96 if network.version == 4 else 0)
        node = 0
        for i in range(n):
            side = bits >> (127 - i) & 1
            if i == n - 1:
                nodes[node][side] = ("data", len(data))
            elif nodes[node][side] is None:
                nodes.append([None, None])
                nodes[node][side] = len(nodes) - 1
            node = nodes[node][side]
        data += value({"autonomous_system_number": asn, "autonomous_system_organization": f"Operator {asn}"})
    count = len(nodes)

    def record(to):
        number = count if to is None else to if isinstance(to, int) else count + 16 + to[1]
        return number.to_bytes(3, "big")

    metadata = {"node_count": count, "record_size": (5, 2, 24), "ip_version": (5, 2, 6), "database_type": "Lab-ASN",
                "languages": [], "binary_format_major_version": (5, 2, 2), "binary_format_minor_version": (5, 2, 0),
                "build_epoch": (9, 8, 1800000000), "description": {}}
    tree = b"".join(record(side) for node in nodes for side in node)
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + value(metadata))
