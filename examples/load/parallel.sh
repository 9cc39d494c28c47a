#!/bin/sh
# Loads a server from several machines at once, and prints one report of what all of them have measured.
#
#     parallel.sh N HOSTS URL [OPTION...]
#
# N processes of `wsprobe load`, spread over HOSTS as GNU parallel takes them: `a.example,me@b.example`, and `:` is this machine.
# Each process has the OPTIONs to itself: with `-c 500` and N = 4 there are 2000 connections. All begin at the same time, START_IN
# seconds (10) from now: parallel has to be connected to all hosts by then, and their clocks have to agree.
set -eu

if [ $# -lt 3 ]; then
    sed -n 's/^# \{0,1\}//p' "$0" | sed 1d >&2
    exit 2
fi
number=$1 hosts=$2 url=$3
shift 3

each=$(($(printf '%s' "$hosts" | tr -cd , | wc -c) + 1))
each=$(((number + each - 1) / each))
at=$(date -u -d "+${START_IN:-10} seconds" +%Y-%m-%dT%H:%M:%SZ)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
cd "$logs"

# In one `wsprobe load`, the exit status tells whether thresholds were missed; here, whether a process has failed.
code=0
seq "$number" | parallel --will-cite --quote --sshlogin "$hosts" --jobs "$each" --return '{}.hdr' --cleanup \
    wsprobe load --quiet --start-at "$at" --hdr '{}.hdr' "$@" "$url" >reports || code=1
wsprobe load merge ./*.hdr
if [ "$code" -ne 0 ]; then
    cat reports >&2
fi
exit "$code"
