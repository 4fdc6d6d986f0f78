#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the macro harness with our daemon beside its peers, rounds interleaved, and prints its report.
#
#   tests/bench/measure.sh BUILD GROUPS [PEERS [ROUNDS]]
#
# BUILD is a release build; GROUPS are the harness's (hit,miss,rtt,burst,start,mem,drop,restart);
# PEERS are its sections, echo_mmsg for the floor; $PEERS_ROOT says where they are installed.
# Figures go to $OUT, a JSON line each: default build-bench/GROUPS.jsonl.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
harness=${HARNESS:-$root/../shared/bench}
[ $# -ge 2 ] || { sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ -f "$harness/bench.py" ] || { echo "measure: no harness in $harness: say HARNESS=folder" >&2; exit 1; }
build=$(cd "$1" && pwd)
work=$root/build-bench
mkdir -p "$work/harness"
make -s -C "$harness" O="$work/harness"

cp "$here/httpdnsd.yaml" "$work/httpdnsd.yaml"
sed "s|{HTTPDNSD}|$build/daemon/httpdnsd|" "$here/peer.ini" > "$work/peer.ini"
out=${OUT:-$work/$2.jsonl}
/usr/bin/python3 "$harness/bench.py" run -b "$work/harness" -i "$work/peer.ini" -i "$harness/peers/extra.ini" -o "$out" \
    -t "$2" -p "httpdnsd${3:+,$3}" -r "${4:-3}"
/usr/bin/python3 "$harness/bench.py" report "$out"
