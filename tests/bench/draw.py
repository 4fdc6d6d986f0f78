#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draws the harness's figures as bars: draw.py OUT.svg TITLE TEST FIELD UNIT FILE.jsonl [PEER...]

One bar a peer, the median of its rounds, the best on top; ours is the dark one. Peers given are the only ones drawn.
"""
import json
import statistics
import sys
from xml.sax.saxutils import escape

BAR, GAP, LEFT, WIDTH, TOP = 22, 8, 130, 420, 44
OURS, THEIRS, FLOOR = "#1a5fb4", "#9a9996", "#d5d4d1"
LESS_IS_BETTER = ("cpu_us", "ms", "rss_mb", "p50_us", "p99_us")


def medians(path, test, field, only):
    rounds = {}
    for line in open(path):
        row = json.loads(line)
        if row["test"] == test and row.get(field) is not None and (not only or row["peer"] in only):
            rounds.setdefault(row["peer"], []).append(row[field])
    return {peer: statistics.median(values) for peer, values in rounds.items()}


def draw(title, unit, bars):
    longest = max(value for _, value in bars)
    height = TOP + len(bars) * (BAR + GAP) + 8
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 110}" height="{height}" '
           'font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="#ffffff"/>',
           f'<text x="10" y="24" font-size="15" font-weight="bold" fill="#241f31">{escape(title)}</text>']
    for i, (peer, value) in enumerate(bars):
        y = TOP + i * (BAR + GAP)
        colour = OURS if peer == "httpdnsd" else FLOOR if peer.startswith("echo") else THEIRS
        out += [f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end" fill="#241f31">{escape(peer)}</text>',
                f'<rect x="{LEFT}" y="{y}" width="{max(2, value / longest * WIDTH):.0f}" height="{BAR}" rx="2" fill="{colour}"/>',
                f'<text x="{LEFT + value / longest * WIDTH + 6:.0f}" y="{y + 15}" fill="#241f31">{value:,.4g} {escape(unit)}</text>'
                if value < 10000 else
                f'<text x="{LEFT + value / longest * WIDTH + 6:.0f}" y="{y + 15}" fill="#241f31">{value / 1000:,.0f} k{escape(unit)}</text>']
    return "\n".join([*out, "</svg>", ""])


def main():
    if len(sys.argv) < 7:
        sys.exit(__doc__)
    target, title, test, field, unit, path, *only = sys.argv[1:]
    found = medians(path, test, field, only)
    if not found:
        sys.exit(f"draw: no {field} of {test} in {path}")
    bars = sorted(found.items(), key=lambda bar: bar[1], reverse=field not in LESS_IS_BETTER)
    with open(target, "w") as f:
        f.write(draw(title, unit, bars))


if __name__ == "__main__":
    main()
