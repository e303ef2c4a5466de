# What ./bascule and ./check have in common: finding the tools, building. Sourced, not run.

# Sets JAVA_HOME to a JDK 25 or newer: JAVA_HOME itself, then /usr/lib/jvm, then PATH.
find_jdk() {
  local candidate
  for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    if is_jdk_25 "$candidate"; then
      export JAVA_HOME="$candidate"
      return 0
    fi
  done
  candidate="$(command -v javac || true)"
  if [[ -n "$candidate" ]]; then
    candidate="$(dirname "$(dirname "$(readlink -f "$candidate")")")"
    if is_jdk_25 "$candidate"; then
      export JAVA_HOME="$candidate"
      return 0
    fi
  fi
  return 1
}

# By its release file, which costs nothing to read.
is_jdk_25() {
  [[ -n "$1" && -x "$1/bin/javac" && -r "$1/release" ]] || return 1
  local line
  while IFS= read -r line; do
    if [[ "$line" =~ ^JAVA_VERSION=\"?([0-9]+) ]]; then
      ((BASH_REMATCH[1] >= 25))
      return
    fi
  done <"$1/release"
  return 1
}

is_node_20() {
  local version
  version="$(node --version 2>/dev/null)" || return 1
  [[ "$version" =~ ^v([0-9]+) ]] && ((BASH_REMATCH[1] >= 20)) && command -v npm >/dev/null
}

# Installs Debian packages when this is root, otherwise (or if that fails) names them and stops.
# $1: what they are for; the rest: packages.
need_packages() {
  local purpose="$1"
  shift
  if [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
    echo "Installing for $purpose: $*" >&2
    if DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" </dev/null >&2 ||
      { apt-get update -q </dev/null >&2 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" </dev/null >&2; }; then
      return 0
    fi
  fi
  echo "Missing for $purpose. On Debian: apt-get install $*" >&2
  exit 1
}

# $1: jdk, when only that is needed; else everything a build needs.
missing_tools() {
  if ! find_jdk; then
    need_packages "building and running Bascule (JDK 25 or newer; Temurin from adoptium.net is as good)" \
      openjdk-25-jdk-headless
    find_jdk || {
      echo "Still no JDK 25 in JAVA_HOME, /usr/lib/jvm or PATH." >&2
      exit 1
    }
  fi
  [[ "${1:-}" == jdk ]] && return 0
  command -v mvn >/dev/null || need_packages "building Bascule (Maven)" maven
  is_node_20 || {
    need_packages "building the console (Node.js 20 or newer)" nodejs npm
    is_node_20 || {
      echo "Node.js is older than 20: $(node --version 2>/dev/null || echo none)." >&2
      exit 1
    }
  }
}

# Whether nothing was changed since the stamp was set. Folders count too: a file may be gone.
up_to_date() {
  local home="$1" stamp="$2" newer
  [[ -e "$stamp" && -e "$home/cli/target/app" ]] || return 1
  shopt -s nullglob
  newer="$(find "$home"/pom.xml "$home"/*/pom.xml "$home"/*/*/pom.xml "$home"/*/src \
    "$home"/console/*.json "$home"/console/*.ts "$home"/console/*.html \
    "$home"/releases/*/release.properties \
    -newer "$stamp" -print -quit)" || return 1
  shopt -u nullglob
  [[ -z "$newer" ]]
}

# Builds all modules without tests; one build at a time.
build() {
  local home="$1" stamp="$2" log="$1/target/build.log" started=$SECONDS
  mkdir -p "$home/target"
  exec 9>"$home/target/build.lock"
  if ! flock -n 9; then
    echo "Another build is running; waiting for it" >&2
    flock 9
  fi
  if up_to_date "$home" "$stamp"; then
    exec 9>&-
    return 0
  fi
  missing_tools
  echo "Building Bascule (a minute or two; log in ${log#"$PWD"/})" >&2
  # What is changed while this runs is newer than the stamp, and built the next time.
  touch "$stamp.new"
  rm -rf "$home/cli/target/app"
  if ! (cd "$home" && mvn -q -B -DskipTests package) >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    echo "The build failed; the whole log is in $log" >&2
    exit 1
  fi
  mv "$stamp.new" "$stamp"
  echo "Built in $((SECONDS - started)) s" >&2
  exec 9>&-
}
