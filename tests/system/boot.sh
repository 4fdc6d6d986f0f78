#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boots a Debian root with systemd as init, installs httpdnsd there as the README says, and looks at it
# as a service. Not a part of ./test: it needs root, systemd-nspawn and a root folder.
#
#   debootstrap --variant=minbase --include=systemd-sysv,dbus,git bookworm ROOT MIRROR
#   tests/system/boot.sh ROOT
#
# The container has loopback only; the packages must be there: ./test, run once inside, installs them.
set -eu
root=$(readlink -f "${1:?usage: boot.sh ROOT}")
here=$(readlink -f "$(dirname "$0")/../..")

rm -rf "$root/srv/httpdnsd" && mkdir -p "$root/srv/httpdnsd"
(cd "$here" && git ls-files | tar cf - -T -) | tar xf - -C "$root/srv/httpdnsd"
chroot "$root" sh -ec '
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin
    cd /srv/httpdnsd
    meson setup build-install --buildtype=release --prefix=/usr/local >/dev/null
    ninja -C build-install install >/dev/null
    systemd-sysusers
    systemctl mask named.service
    systemctl enable httpdnsd.socket httpdnsd.service' 2>/dev/null
cp "$here/tests/system/check.sh" "$root/srv/check.sh"
cat >"$root/etc/systemd/system/httpdnsd-check.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /srv/check.sh
ExecStopPost=/bin/systemctl poweroff
StandardOutput=file:/srv/check.log
StandardError=file:/srv/check.log
TimeoutStartSec=240
[Install]
WantedBy=multi-user.target
UNIT
chroot "$root" /bin/systemctl enable httpdnsd-check.service 2>/dev/null
rm -f "$root/srv/check.log"
systemd-nspawn --quiet --boot --register=no --keep-unit --private-network --directory="$root" >"$root/srv/boot.log" 2>&1 ||
    { tail -n 20 "$root/srv/boot.log" >&2; exit 1; }
cat "$root/srv/check.log"
tail -n 1 "$root/srv/check.log" | grep -q ' 0 failed'
