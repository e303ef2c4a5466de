#!/usr/bin/env bash
# What the migration to format 2 costs, measured on an appliance of its own that is removed at the end:
#
#   scripts/bench-migration.sh cancel [GIB...]  from a confirmed cancel in Phase 3 to both controllers ONLINE on
#                                               1.2.2, and the host's longest pause, for so much data each (1 10);
#                                               beside it plain handovers, alone and in the upgrade
#   scripts/bench-migration.sh copy [GIB]       Phase 2 and a sync with no host, beside cp and sync of the same files (4)
#   scripts/bench-migration.sh host [GIB]       the host's p99 in Phase 2 under HOST_FIRST beside none (4)
#
# Needs jq, curl and qemu-img, and three times the space under BASCULE_BENCH (or the place of temporary files).
# BASCULE_PORT: the first of six free ports (24600).
set -euo pipefail
home="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
what="${1:-}"
[[ "$what" =~ ^(cancel|copy|host)$ && "${2:-1}${3:-1}" =~ ^[0-9]+$ ]] || {
  sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}
for tool in jq curl qemu-img; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: apt-get install jq curl qemu-utils qemu-block-extra" >&2
    exit 2
  }
done
port="${BASCULE_PORT:-24600}"
base="$(mktemp -d -p "${BASCULE_BENCH:-${TMPDIR:-/tmp}}")"
data="$base/appliance"
loads=()
SETTLED_SECONDS=5 # a host's process is as fast as it gets

bascule() { "$home/bascule" "$@" --data "$data"; }
finish() {
  for load in "${loads[@]}"; do kill "$load" 2>/dev/null || true; done
  bascule down >/dev/null 2>&1 || true
  rm -rf "$base"
}
trap finish EXIT

millis() { date +%s%3N; }
# The API itself where something is measured: a command that starts takes half a second of a processor.
api() {
  curl -fsS -m 5 -X "$1" -H "Authorization: Bearer $(jq -r .token "$data/access.json")" -H 'Content-Type: application/json' \
    ${3:+-d "$3"} "http://127.0.0.1:$((port + 3))/api/v1/$2"
}
# Nothing while a controller hands over.
upgrade() { api GET upgrade 2>/dev/null | jq -r "$1"; }
# Waits for a condition of the upgrade, an hour at most.
await() {
  local until=$((SECONDS + 3600))
  while ((SECONDS < until)); do
    [[ "$(upgrade "$1")" == true ]] && return
    sleep "${2:-0.2}"
  done
  echo "not within an hour: $1" >&2
  return 1
}
url() { bascule volume list --json | jq -r --arg name "$1" --arg port "$port" \
  '.[] | select(.name == $name) | "iscsi://127.0.0.1:\($port)/\(.target)/\(.lun)"'; }
redundant() { [[ "$(api GET appliance 2>/dev/null | jq -r --arg v "$1" '.redundant and .version == $v')" == true ]]; }

# An appliance at 1.2.2 with a volume "data" that holds so many GiB nobody can compress, and an empty one.
make() {
  bascule up --release 1.2.2 --detach --iscsi-port "$port" --management-port "$((port + 3))" >/dev/null
  bascule volume create data --size "$1G" >/dev/null
  bascule volume create load --size 256M >/dev/null
  bascule host add any --iqn '*' >/dev/null
  bascule package add "$home"/releases/2.0.1/target/*.pkg >/dev/null
  head -c "$1G" /dev/urandom >"$base/content"
  qemu-img convert -n -f raw -O raw "$base/content" "$(url data)"
  rm "$base/content"
  sync
}
unmake() {
  bascule down >/dev/null
  rm -rf "$data"
}

# A host on the volume "load" for so many seconds; its report goes to a file. More options may follow.
load() {
  "$home/bascule" hostload "$(url load)" --duration "$1" --range 128M --rate 1000 --max-io 16K --depth 8 "${@:3}" --json >"$2" &
  loads+=("$!")
}
pause_of() { jq '.longestPause.millis' "$1"; }
since() { echo $(($(date -d "$(jq -r '.longestPause.startedAt' "$2")" +%s%3N) - $1)); }
proven() { jq -e '.ok' "$1" >/dev/null || {
  echo "the host lost something: $1" >&2
  exit 1
}; }

# A plain handover under load.
handed() {
  load 12s "$1"
  sleep "$SETTLED_SECONDS"
  api POST controllers/handover >/dev/null
  wait "${loads[-1]}" || true
  proven "$1"
  until redundant 1.2.2; do sleep 0.1; done
}

cancels() {
  for gib in "$@"; do
    make "$gib"
    handed "$base/handover.json"
    # The one of the upgrade itself, beside controllers that boot.
    load 30s "$base/upgrade.json"
    sleep "$SETTLED_SECONDS"
    api POST upgrade '{"version":"2.0.1","pauseAt":["phase-1","phase-3"],"priority":"FINISH_SOONER"}' >/dev/null
    wait "${loads[-1]}" || true
    proven "$base/upgrade.json"
    await '.state == "PAUSED" and .step == "PHASE_1"'
    bascule upgrade resume >/dev/null
    await '.state == "PAUSED" and .step == "PHASE_3"'
    load 40s "$base/cancel.json"
    sleep "$SETTLED_SECONDS"
    bascule upgrade resume >/dev/null
    sleep 1 # what the command did is over
    confirmed="$(api GET upgrade/cancel | jq -c '{upgradeId, revision}')"
    began="$(millis)"
    api POST upgrade/cancel "$confirmed" >/dev/null
    until redundant 1.2.2; do sleep 0.1; done
    took="$(($(millis) - began))"
    await '.state == "CANCELED"'
    ended="$(($(millis) - began))"
    wait "${loads[-1]}" || true
    proven "$base/cancel.json"
    echo "$gib GiB: cancel to both controllers on 1.2.2: $took ms, to CANCELED $ended ms; longest pause of the host" \
      "$(pause_of "$base/cancel.json") ms, $(since "$began" "$base/cancel.json") ms after the press; in a handover while nothing boots $(pause_of "$base/handover.json") ms," \
      "in that of the upgrade $(pause_of "$base/upgrade.json") ms"
    unmake
  done
}

copies() {
  make "$1"
  bascule volume delete load --yes >/dev/null # cp would write its holes
  local files="$data/enclosure/v1" files_gib="$1"
  # All find the files in memory, and write to memory that was in use just now: a virtual machine gives back what is
  # free for a while, and getting it again takes longer than copying. It may take half a minute each time.
  touch_memory() {
    local touched
    touched="$(awk -v most="$((files_gib << 21))" '/^MemFree:/ { print most < $2 * 0.8 ? most : int($2 * 0.8) }' /proc/meminfo)K"
    head -c "$touched" /dev/zero | tail -c "$touched" >/dev/null
  }
  plain() {
    rm -f "$base"/copy/*
    touch_memory
    began="$(millis)"
    cp --sparse=never "$files"/* "$base/copy/"
    sync -f "$base/copy"
    echo "$(($(millis) - began))"
  }
  mkdir "$base/copy"
  bascule upgrade start 2.0.1 --pause-at phase-2,phase-3 >/dev/null
  await '.state == "PAUSED" and .step == "PHASE_2"'
  plain >/dev/null
  before="$(plain) $(plain) $(plain)"
  rm -f "$base"/copy/*
  touch_memory
  resumed="$(millis)"
  api PATCH upgrade '{"paused":false}' >/dev/null
  sleep 5 # nothing else runs meanwhile
  await '.state == "PAUSED" and .step == "PHASE_3"' 2
  began="$(millis)"
  sync -f "$data/enclosure/v2"
  synced="$(($(millis) - began))"
  ended="$(upgrade '.steps[] | select(.name == "PHASE_2") | .endedAt')"
  copied="$(($(date -d "$ended" +%s%3N) - resumed))"
  after="$(plain) $(plain) $(plain)"
  median="$(tr ' ' '\n' <<<"$before $after" | sort -n | sed -n 3p)"
  echo "$1 GiB: Phase 2 $copied ms and sync $synced ms; cp and sync $before ms before, $after ms after;" \
    "rate $(jq -n "$median / ($copied + $synced) * 100 | round / 100") of the median cp's"
}

hosts() {
  make "$1"
  # One host from the beginning to the end: one that has just begun compiles, on the same processors.
  load 300s "$base/host.json" --window 5s
  sleep 30
  local spans
  span() {
    local from
    from="$(millis)"
    sleep "$2"
    spans="${spans:+$spans,}[\"$1\",$from,$(millis)]"
  }
  span before 30
  bascule upgrade start 2.0.1 --pause-at phase-2 >/dev/null
  await '.state == "PAUSED" and .step == "PHASE_2"' 1
  sleep 30 # the process is new: the host warms it up, and its writes go to both formats
  # In turns, because what else goes on in a machine changes a p99 by more than copying does.
  for _ in 1 2 3 4; do
    span still 16
    api PATCH upgrade '{"paused":false}' >/dev/null
    span copying 21
    api PATCH upgrade '{"paused":true}' >/dev/null
  done
  upgrade '"after 84 s of copying: \(.migration.phases[1].percent) %"'
  wait "${loads[-1]}"
  proven "$base/host.json"
  jq -r --argjson spans "[$spans]" '
    def at: sub("\\.[0-9]*Z$"; "Z") | fromdate * 1000;
    def median: sort | .[length / 2 | floor];
    [.windows[] | select(.endedAt != null) | . as $w | ($spans[] | select(($w.startedAt | at) >= .[1] and ($w.endedAt | at) <= .[2]) | .[0]) as $span
      | {$span, p50: .latency.p50Micros, p99: .latency.p99Micros}] as $windows
    | def p99($span): [$windows[] | select(.span == $span) | .p99];
      def tell($span; $name): "\($name): p50 \([$windows[] | select(.span == $span) | .p50] | median) us, p99 \(p99($span) | median) us; windows of 5 s: \(p99($span) | map(tostring) | join(" "))";
      def ratio($to): (p99("copying") | median) / (p99($to) | median) * 100 | round / 100;
      tell("before"; "before the upgrade"), tell("still"; "Phase 2, paused"), tell("copying"; "Phase 2, copying"),
      "p99 while copying: \(ratio("before")) of that before the upgrade, \(ratio("still")) of that in the pauses between"' "$base/host.json"
  api PATCH upgrade '{"paused":false,"priority":"FINISH_SOONER"}' >/dev/null
  load 60s "$base/rest.json"
  await '.state == "COMPLETED"'
  echo "COMPLETED"
}

case "$what" in
  cancel)
    shift
    (($# > 0)) || set -- 1 10
    cancels "$@"
    ;;
  copy) copies "${2:-4}" ;;
  host) hosts "${2:-4}" ;;
esac
