#!/bin/sh
# Installs wsprobe, its manual pages and completions below ~/.local, or where PREFIX says.
#
#   WSPROBE_URL=https://example.org/wsprobe sh install.sh
#
# WSPROBE_URL is the folder that has SHA256SUMS and the tarballs. Nothing is installed that is not what SHA256SUMS says.
# Files are replaced whole, so a wsprobe that runs goes on.
set -eu

fail() {
    echo "install.sh: $1" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

download() {
    if has curl; then
        curl --fail --silent --show-error --location --output "$2" "$1"
    elif has wget; then
        wget --quiet --output-document="$2" "$1"
    else
        fail "neither curl nor wget is installed"
    fi || fail "cannot download $1"
}

sha256() {
    if has sha256sum; then
        sha256sum "$1"
    elif has shasum; then
        shasum -a 256 "$1"
    else
        fail "neither sha256sum nor shasum is installed"
    fi | cut -d ' ' -f 1
}

# The last part of the tarballs' names, as Rust calls this machine.
target() {
    case $(uname -s) in
    Linux) system=unknown-linux-gnu ;;
    Darwin) system=apple-darwin ;;
    *) fail "$(uname -s) is not supported; build it with cargo" ;;
    esac
    case $(uname -m) in
    x86_64 | amd64) echo "x86_64-$system" ;;
    aarch64 | arm64) echo "aarch64-$system" ;;
    *) fail "$(uname -m) is not supported; build it with cargo" ;;
    esac
}

# Copies a file beside its place and renames it.
put() {
    mkdir -p "$(dirname "$3")"
    cp "$2" "$3.new"
    chmod "$1" "$3.new"
    mv "$3.new" "$3"
}

main() {
    url=${WSPROBE_URL:-}
    [ -n "$url" ] || fail "set WSPROBE_URL to the folder that has SHA256SUMS"
    url=${url%/}
    prefix=${PREFIX:-$HOME/.local}
    target=$(target)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM

    download "$url/SHA256SUMS" "$work/SHA256SUMS"
    line=$(grep -E "^[0-9a-f]{64}  wsprobe-[0-9A-Za-z.+-]+-$target\.tar\.gz\$" "$work/SHA256SUMS" | tail -n 1) ||
        fail "there is no wsprobe for $target at $url"
    [ -n "$line" ] || fail "there is no wsprobe for $target at $url"
    expected=${line%% *}
    name=${line##* }
    download "$url/$name" "$work/$name"
    found=$(sha256 "$work/$name")
    [ "$found" = "$expected" ] || fail "$name is not what SHA256SUMS says: $found instead of $expected"

    tar -xzf "$work/$name" -C "$work"
    from=$work/${name%.tar.gz}
    "$from/wsprobe" --version >"$work/version" || fail "this wsprobe does not run here; build it with cargo"
    put 755 "$from/wsprobe" "$prefix/bin/wsprobe"
    for page in "$from"/man/*; do
        put 644 "$page" "$prefix/share/man/man${page##*.}/${page##*/}"
    done
    put 644 "$from/completions/wsprobe.bash" "$prefix/share/bash-completion/completions/wsprobe"
    put 644 "$from/completions/_wsprobe" "$prefix/share/zsh/site-functions/_wsprobe"
    put 644 "$from/completions/wsprobe.fish" "$prefix/share/fish/vendor_completions.d/wsprobe.fish"
    echo "$(cat "$work/version") is installed as $prefix/bin/wsprobe"
    case :$PATH: in
    *":$prefix/bin:"*) ;;
    *) echo "$prefix/bin is not in PATH" ;;
    esac
}

# A download that was cut does nothing.
main
