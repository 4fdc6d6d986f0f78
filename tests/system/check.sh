#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs inside the booted root of boot.sh: httpdnsd as a service, with the lab as its internet.
set -u
passed=0 failed=0

# poll COMMAND...: true as soon as it is, false after 20 s.
poll() {
    local i
    for i in $(seq 200); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}

# is WHAT COMMAND...: one check.
is() {
    local what=$1
    shift
    if poll "$@"; then
        passed=$((passed + 1)) && echo "ok      $what"
    else
        failed=$((failed + 1)) && echo "FAILED  $what" && journalctl -n 20 --no-pager
    fi
}

answers() { [ "$(dig @127.0.0.1 +time=2 +tries=1 +short "${2:-+notcp}" "$1")" = "$3" ]; }
answers6() { [ "$(dig @::1 +time=2 +tries=1 +short example.com)" = 93.184.216.34 ]; }
ctl() { httpdnsctl query example.com | grep -q 93.184.216.34; }
status() { httpdnsctl --json status | grep -q '"uptime-s"'; }
fired() { journalctl -b HTTPDNS_EVENT=test HTTPDNS_VERDICT=HIJACK_REDIRECT | grep -q 'A TEST'; }
no_capabilities() { grep -q '^CapEff:.*0000000000000000$' "/proc/$(pid)/status"; }
pid() { systemctl show -P MainPID httpdnsd.service; }
restarted() { [ "$(pid)" != "$1" ] && [ "$(pid)" != 0 ]; }
alerted() { journalctl -b -o verbose HTTPDNS_RULE=P2 | grep -q 'HTTPDNS_QNAME=mail.bank-of-lab.com'; }
reloaded() { journalctl -b -t httpdnsd | grep -q 'configuration reloaded'; }
socket_mode() { [ "$(stat -c '%a %G' /run/httpdnsd/dns.sock)" = '660 httpdns' ]; }

systemd-tmpfiles --create
is 'the service starts with the shipped configuration' systemctl is-active httpdnsd.service
is 'the Unix socket has its mode and group' socket_mode

rm -f /srv/lab.json /srv/lab.yaml # of an earlier boot
python3 /srv/httpdnsd/tests/lab/lab.py start --dir /srv/lab --config /srv/lab.yaml \
    --listen udp://127.0.0.1:53 --listen tcp://127.0.0.1:53 --listen 'udp://[::1]:53' --listen 'tcp://[::1]:53' \
    --listen unix:///run/httpdnsd/dns.sock >/srv/lab.json &
lab=$!
poll test -s /srv/lab.json
chmod 755 /srv/lab
sed 's/alert: stderr/alert: auto/; /^control:/d' /srv/lab.yaml >/etc/httpdnsd/httpdnsd.yaml
systemctl reload httpdnsd.service
is 'a reload takes the new configuration' reloaded
is 'it answers over UDP' answers example.com +notcp 93.184.216.34
is 'it answers over TCP' answers example.com +tcp 93.184.216.34
is 'it answers over IPv6' answers6
is 'it answers over the Unix socket' ctl
is 'a lied-about name is right' answers mail.bank-of-lab.com +notcp 185.31.17.30
is 'the alert stands in the journal with its fields' alerted
is 'the control socket that was handed over tells the state' status
httpdnsctl alert-test HIJACK_REDIRECT
is 'an alert that is fired on purpose stands in the journal' fired
is 'the process has no capability' no_capabilities

old=$(pid)
kill -9 "$old"
is 'a killed daemon is replaced' restarted "$old"
is 'and tells its state' status
is 'and answers' answers www.example.com +tcp "$(printf 'example.com.\n93.184.216.34')"
systemctl stop httpdnsd.service
is 'a query on the sockets starts it again' answers bank-of-lab.com +notcp 185.31.17.10
systemctl stop httpdnsd.service httpdnsd.socket
is 'it stops in good order' test "$(systemctl show -P Result httpdnsd.service)" = success
kill "$lab"
wait "$lab" 2>/dev/null
echo "$passed passed, $failed failed"
