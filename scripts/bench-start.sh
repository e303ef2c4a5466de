#!/usr/bin/env bash
# How long a controller takes from its start to ONLINE, and `bascule status` from start to end:
# medians of N runs, of an appliance of its own that is removed at the end.
#
#   scripts/bench-start.sh [N] [PORT]     N runs (7); six free ports from PORT on (24590)
#
# A run reboots the standby: its time is that between the chassis' two lines about it.
set -euo pipefail
home="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
runs="${1:-7}"
port="${2:-24590}"
[[ "$runs" =~ ^[1-9][0-9]?$ && "$port" =~ ^[0-9]+$ ]] || {
  sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

data="$(mktemp -d)/bench"
bascule() { "$home/bascule" "$@" --data "$data"; }
finish() {
  bascule down >/dev/null 2>&1 || true
  rm -rf "$(dirname "$data")"
}
trap finish EXIT

millis() { date +%s%3N; }
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
logged() { date -d "$(sed -n "$1p" "$data"/chassis/log/* | tail -n 1 | cut -d' ' -f1)" +%s%3N; }
# How often the chassis has said that of the standby.
said() { grep -c "controller $standby $1" "$data"/chassis/log/chassis.log || true; }

bascule up --detach --iscsi-port "$port" --management-port "$((port + 3))" >/dev/null
standby=1
bascule status | grep -q '^ *1 .*ACTIVE' && standby=0

boots=""
statuses=""
for ((run = 1; run <= runs; run++)); do
  before="$(said 'is ONLINE')"
  bascule controller reboot "$standby" >/dev/null
  for ((wait = 0; wait < 600; wait++)); do
    (($(said 'is ONLINE') > before)) && break
    sleep 0.1
  done
  (($(said 'is ONLINE') > before)) || {
    echo "controller $standby is not ONLINE after a minute" >&2
    exit 1
  }
  boot="$(($(logged "/controller $standby is ONLINE/") - $(logged "/controller $standby boots slot/")))"
  began="$(millis)"
  bascule status >/dev/null
  status="$(($(millis) - began))"
  echo "run $run: controller start to ONLINE $boot ms, status $status ms"
  boots+="$boot"$'\n'
  statuses+="$status"$'\n'
done
echo "medians of $runs: controller start to ONLINE $(printf %s "$boots" | median) ms, status $(printf %s "$statuses" | median) ms"
