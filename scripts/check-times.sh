#!/usr/bin/env bash
# Where the time of the last ./check went: seconds of tests by module, and the longest classes.
#
#   scripts/check-times.sh [CLASSES]     so many classes; 20 without
set -euo pipefail
home="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
case "${1:-}" in
  -h | --help)
    sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
esac
cd "$home"
[[ -e target/check.started ]] || {
  echo "No ./check has run here" >&2
  exit 1
}
find . -path '*/target/surefire-reports/TEST-*.xml' -newer target/check.started -print0 |
  xargs -0 -r awk '
    FNR == 1 { told = 0 }
    !told {
      text = (FNR == 1 ? "" : text) $0
      if (match(text, /<testsuite [^>]*>/)) {
        head = substr(text, RSTART, RLENGTH)
        told = 1
        split(FILENAME, path, "/")
        printf "%s %s %s %s\n", path[2], value(head, "time"), value(head, "tests"), value(head, "name")
      }
    }
    function value(from, name) {
      return match(from, " " name "=\"[^\"]*\"") ? substr(from, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : "?"
    }' |
  sort -k2,2nr | awk -v most="${1:-20}" '
    { seconds[$1] += $2; tests[$1] += $3; all += $2 }
    NR <= most { longest[NR] = sprintf("%8.1f s %5d tests  %s", $2, $3, $4) }
    END {
      for (module in seconds) printf "%8.1f s %5d tests  %s\n", seconds[module], tests[module], module | "sort -nr"
      close("sort -nr")
      printf "%8.1f s in all; what runs side by side counts twice\n\n", all
      for (i = 1; i <= NR && i <= most; i++) print longest[i]
    }'
