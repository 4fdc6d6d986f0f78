# SPDX-License-Identifier: MIT
"""An injector on the path: sees what goes by on a link, and answers questions for some names faster than whom they are sent to.

It touches no packet of others: what it sends is raw, with the address of whom was asked as its source, and an odd TTL."""
import socket
import struct

import dns.message

ETH_P_IP, UDP, IP_TTL = 0x0800, 17, 47


def datagram(source, target, ports, payload):
    """An IPv4 packet with a UDP datagram (without checksum, which IPv4 allows)."""
    length = 28 + len(payload)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, IP_TTL, UDP, 0, source, target)
    return ip + struct.pack("!HHHH", *ports, length - 20, 0) + payload


def question_of(packet):
    """(source, target, ports, query) of a query over UDP, or None."""
    header = (packet[0] & 15) * 4
    if packet[9] != UDP or len(packet) < header + 20:
        return None
    ports = struct.unpack("!HH", packet[header:header + 4])
    if ports[1] != 53:
        return None
    try:
        return packet[12:16], packet[16:20], ports, dns.message.from_wire(packet[header + 8:])
    except Exception:  # what is no query is let by
        return None


def watch(link, forge):
    """For ever. `forge` gives the forged reply to a query, or None to let it by."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    tap.bind((link, ETH_P_IP))
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    while True:
        packet, seen = tap.recvfrom(65535)
        if seen[2] == socket.PACKET_OUTGOING:
            continue
        asked = question_of(packet)
        reply = forge(asked[3]) if asked is not None else None
        if reply is not None:
            source, target, ports, _ = asked
            out.sendto(datagram(target, source, ports[::-1], reply.to_wire()), (socket.inet_ntoa(source), 0))
