# SPDX-License-Identifier: MIT
# Shared by ./run and ./test: finds what is missing, installs it with apt-get, builds.

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# What Debian 12 calls the things we need.
PACKAGES_BUILD="gcc libc6-dev meson ninja-build pkg-config libcurl4-openssl-dev libc-ares-dev libssl-dev libyaml-dev libuv1-dev libsystemd-dev libldns-dev"
PACKAGES_RUN="ca-certificates curl bind9-dnsutils iproute2"
PACKAGES_LAB="bind9 bind9-utils bind9-dnsutils dnsmasq-base openssl python3"
PACKAGES_TEST="check clang-format-14 libasan8 libubsan1 python3-dnspython python3-pytest knot-dnsutils systemd man-db groff-base procps"

is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Debian starts a service when it installs its package; a name server on port 53 is not wanted here.
# policy-rc.d is Debian's own way to say so. It is taken away again.
apt_install() {
    as_root env POLICY=/usr/sbin/policy-rc.d DEBIAN_FRONTEND=noninteractive sh -c '
        made=
        if [ ! -e "$POLICY" ]; then
            printf "#!/bin/sh\nexit 101\n" > "$POLICY" && chmod 755 "$POLICY" && made=1
        fi
        apt-get -q update && apt-get -q -y install --no-install-recommends "$@"
        status=$?
        [ -z "$made" ] || rm -f "$POLICY"
        exit $status' sh "$@"
}

# install_missing PACKAGE...
install_missing() {
    local missing="" package log why
    command -v dpkg-query >/dev/null 2>&1 ||
        die "this is no Debian: install what these Debian packages hold, then build with meson: $*"
    for package in "$@"; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1 ||
        die "must install packages, and that needs root (or sudo):$missing"
    say "Installing:$missing"
    log=$(mktemp)
    # shellcheck disable=SC2086
    if ! apt_install $missing >"$log" 2>&1 </dev/null; then
        why=$(grep -a '^E: ' "$log" | tail -n 1)
        [ -n "$why" ] || why=$(tail -n 1 "$log")
        rm -f "$log"
        die "apt-get could not install$missing: $why"
    fi
    rm -f "$log"
}

# build DIR MESON-OPTION...
build() {
    local dir=$1 log why
    shift
    command -v cc >/dev/null 2>&1 || die "there is no C compiler (cc) on the PATH"
    log=$(mktemp)
    if [ ! -f "$dir/build.ninja" ] && ! meson setup "$dir" "$@" >"$log" 2>&1; then
        why=$(grep -a 'ERROR' "$log" | tail -n 1)
        rm -f "$log"
        die "meson could not set up $dir: $why"
    fi
    if ! ninja -C "$dir" >"$log" 2>&1; then
        grep -aE '(error|warning): |ERROR|FAILED:|undefined reference' "$log" | head -n 15 >&2
        rm -f "$log"
        die "the build in $dir failed (its first complaints stand above)"
    fi
    rm -f "$log"
}
