# SPDX-License-Identifier: MIT
# Shared by ./run and ./test: finds what is missing, installs it with apt-get, builds.

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# What Debian 12 calls the things we need.
PACKAGES_BUILD="gcc libc6-dev meson ninja-build pkg-config libcurl4-openssl-dev libssl-dev libpsl-dev libc-ares-dev libyaml-dev libuv1-dev libsystemd-dev libldns-dev libjansson-dev libmicrohttpd-dev libloc-dev libmaxminddb-dev"
PACKAGES_RUN="ca-certificates curl bind9-dnsutils iproute2"
PACKAGES_LAB="bind9 bind9-utils bind9-dnsutils dnsmasq-base openssl python3 python3-h2"
PACKAGES_TEST="check clang clang-format-14 libasan8 libubsan1 python3-cryptography python3-dnspython python3-jsonschema python3-pytest python3-pytest-xdist knot-dnsutils unbound systemd man-db groff-base nftables procps"

is_installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
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

# first_complaint PATTERN LOG: what went wrong in one line, and where the rest stands.
first_complaint() {
    local line
    line=$(grep -aEm 1 "$1" "$2") || line=$(tail -n 1 "$2")
    printf '%s (the whole log is %s)' "$line" "$2"
}

# install_missing PACKAGE...
install_missing() {
    local missing="" package log
    command -v dpkg-query >/dev/null 2>&1 ||
        die "this is no Debian: install what these Debian packages hold, then build with meson: $*"
    for package in "$@"; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1 ||
        die "must install packages, and that needs root (or sudo):$missing"
    say "Installing:$missing"
    log=$(mktemp --suffix=.httpdnsd-apt.log)
    # shellcheck disable=SC2086
    apt_install $missing >"$log" 2>&1 </dev/null ||
        die "apt-get could not install$missing: $(first_complaint '^E:' "$log")"
    rm -f "$log"
}

# build DIR MESON-OPTION...
build() {
    local dir=$1 log
    shift
    command -v cc >/dev/null 2>&1 || die "there is no C compiler (cc) on the PATH"
    log=$(mktemp --suffix=.httpdnsd-build.log)
    if [ ! -f "$dir/build.ninja" ] && ! meson setup "$dir" "$@" >"$log" 2>&1; then
        rm -rf "$dir"
        die "meson could not set up $dir: $(first_complaint 'ERROR' "$log")"
    fi
    ninja -C "$dir" >"$log" 2>&1 || die "the build in $dir failed: $(first_complaint 'error|FAILED' "$log")"
    rm -f "$log"
}
