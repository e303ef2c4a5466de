#!/usr/bin/env bash
# Format 2 beside format 1 through iSCSI, each on an appliance of its own that is removed at the end, the runs
# alternating, with clients that nobody here wrote: libiscsi's iscsi-perf and QEMU's qemu-img.
#
#   scripts/bench-format.sh [ROUNDS] [GIB]   medians of ROUNDS runs (5) on a full volume of GIB (1)
#
# Then what a volume of twice compressible data takes in each format, and what the index of a TiB costs.
# Needs jq, libiscsi-bin, qemu-utils, qemu-block-extra; and four times the space under BASCULE_BENCH (or the place of
# temporary files). BASCULE_PORT: the first of twelve free ports (24620).
set -euo pipefail
home="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
# shellcheck source=environment.sh
source "$home/scripts/environment.sh"
find_jdk || missing_tools jdk
rounds="${1:-5}"
gib="${2:-1}"
[[ "$rounds" =~ ^[1-9][0-9]?$ && "$gib" =~ ^[1-9][0-9]?$ ]] || {
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
for tool in jq qemu-img iscsi-perf; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: apt-get install jq libiscsi-bin qemu-utils qemu-block-extra" >&2
    exit 2
  }
done
port="${BASCULE_PORT:-24620}"
base="$(mktemp -d -p "${BASCULE_BENCH:-${TMPDIR:-/tmp}}")"
formats=(1 2)
releases=([1]=1.2.2 [2]=2.0.1)

bascule() {
  local format="$1"
  shift
  "$home/bascule" "$@" --data "$base/$format"
}
finish() {
  for format in "${formats[@]}"; do bascule "$format" down >/dev/null 2>&1 || true; done
  rm -rf "$base"
}
trap finish EXIT

url() { bascule "$1" volume list --json | jq -r --arg name "$2" --arg port "$((port + ($1 - 1) * 6))" \
  '.[] | select(.name == $name) | "iscsi://127.0.0.1:\($port)/\(.target)/\(.lun)"'; }
allocated() { bascule "$1" volume list --json | jq -r --arg name "$2" '.[] | select(.name == $name) | .allocatedBytes'; }
median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

head -c "${gib}G" /dev/urandom >"$base/content"
for format in "${formats[@]}"; do
  at="$((port + (format - 1) * 6))"
  bascule "$format" up --release "${releases[$format]}" --detach --iscsi-port "$at" --management-port "$((at + 3))" >/dev/null
  bascule "$format" host add any --iqn '*' >/dev/null
  bascule "$format" volume create data --size "${gib}G" >/dev/null
  bascule "$format" volume create half --size 256M >/dev/null
  urls[format]="$(url "$format" data)"
  qemu-img convert -n -f raw -O raw "$base/content" "${urls[$format]}"
done
rm "$base/content"
sync

# So many I/Os a second that libiscsi's own benchmark reaches in so many seconds, the first one left out.
reads() {
  { timeout -s INT -k 5 "$3" iscsi-perf -m "$4" -b "$5" $2 "$1" 2>&1 || true; } | tr '\r' '\n' |
    sed -n 's/.*iops average \([0-9]*\).*/\1/p' | tail -n 1
}
# So many I/Os a second of qemu-img: size, step, count, depth and options are given.
qemu() {
  local url="$1" count="$2"
  shift 2
  qemu-img bench -f raw -c "$count" "$@" "$url" |
    sed -n 's/^Run completed in \([0-9.]*\) seconds.*/\1/p' | awk -v n="$count" '{ printf "%d\n", n / $1 }'
}
# A step of a prime number of blocks goes through all of the volume out of order.
step=$((4096 * 32749))
measure() {
  case "$2" in
    "random read 4K, depth 32") reads "$1" -r 6 32 8 ;;
    "random read 4K, depth 1") reads "$1" -r 6 1 8 ;;
    "random write 4K, depth 32") qemu "$1" 40000 -w -t none -d 32 -s 4096 -S "$step" ;;
    "random write 4K, depth 1") qemu "$1" 8000 -w -t none -d 1 -s 4096 -S "$step" ;;
    "sequential read 256K" | "sequential read of what is scattered") qemu "$1" 12000 -t none -d 8 -s 262144 ;;
    "sequential write 256K") qemu "$1" 4000 -w -t none -d 8 -s 262144 ;;
  esac
}
printf '%-36s %12s %12s %8s\n' "I/Os a second" "format 1" "format 2" "ratio"
for what in "random read 4K, depth 32" "random read 4K, depth 1" "sequential read 256K" \
  "random write 4K, depth 32" "random write 4K, depth 1" "sequential read of what is scattered" "sequential write 256K"; do
  : >"$base/1.runs"
  : >"$base/2.runs"
  for ((round = 1; round <= rounds; round++)); do
    for format in "${formats[@]}"; do
      measure "${urls[$format]}" "$what" >>"$base/$format.runs"
    done
  done
  one="$(median <"$base/1.runs")"
  two="$(median <"$base/2.runs")"
  printf '%-36s %12s %12s %8s\n' "$what" "$one" "$two" "$(jq -n "$two / $one * 100 | round / 100")"
done

# Lines that nobody can make shorter, each filled with spaces to 4 KiB: half of it is nothing.
head -c 100614144 /dev/urandom | base64 -w 2047 | dd cbs=4096 conv=block of="$base/half.raw" status=none
for format in "${formats[@]}"; do
  before="$(du -sB1 "$base/$format/enclosure/v$format" | cut -f1)"
  qemu-img convert -n -f raw -O raw "$base/half.raw" "$(url "$format" half)"
  sync
  after="$(du -sB1 "$base/$format/enclosure/v$format" | cut -f1)"
  echo "256 MiB of twice compressible data in format $format: the volume says $(($(allocated "$format" half) >> 20)) MiB," \
    "its folder grew by $(((after - before) >> 20)) MiB"
done

jars="$(dirname "$(find "$base/2/controllers/0/slots" -name 'bascule-store-v2-*.jar' | head -n 1)")"
tests="$home/store-v2/target/test-classes"
[[ -d "$tests" ]] || mvn -q -B -f "$home" -pl store-v2 -am -DskipTests package </dev/null
echo "The index of a volume of 1 TiB full of runs of 64 KiB:"
"$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -Xlog:disable -cp "$tests:$jars/*" \
  io.bascule.store.v2.MapBench "$base" 1024
