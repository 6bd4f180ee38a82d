# shellcheck shell=bash
# Steps that run side by side, each with its log and its time, and stamps that tell what is done already.

STARTED=$EPOCHREALTIME
STEP_NAMES=()
STEP_PIDS=()
exec 3>&2 # what a person reads, also from within a step whose own output goes to its log

elapsed() { # SINCE → seconds with one decimal
  local microseconds=$((${EPOCHREALTIME/./} - ${1/./}))
  printf '%d.%d' $((microseconds / 1000000)) $((microseconds % 1000000 / 100000))
}

say() { printf '[setup %5s s] %s\n' "$(elapsed "$STARTED")" "$*" >&3; }

fail() {
  say "error: $*"
  exit 1
}

log_of() { printf '%s/logs/%s.log' "$RUNTIME" "${1//[^A-Za-z0-9]/-}"; }

run_step() { # NAME COMMAND…
  local name=$1 since=$EPOCHREALTIME
  shift
  "$@"
  say "$name: done in $(elapsed "$since") s"
}

begin() { # NAME COMMAND…: starts the step in the background
  # A process group of its own, so that Ctrl-C can end the step with all that it started.
  set -m
  (run_step "$@") >"$(log_of "$1")" 2>&1 </dev/null &
  set +m
  STEP_NAMES+=("$1")
  STEP_PIDS+=($!)
}

finish() { # waits for every step; one that failed ends the set-up with its log's last lines
  local index code
  for index in "${!STEP_PIDS[@]}"; do
    code=0
    wait "${STEP_PIDS[index]}" || code=$?
    unset "STEP_PIDS[index]"
    ((code == 0)) || give_up "${STEP_NAMES[index]}"
  done
}

give_up() { # NAME
  tail -n 25 "$(log_of "$1")" >&3
  fail "the step '$1' failed; all of its output is in $(log_of "$1"). Mend the cause and say the same command again."
}

stop_steps() {
  local pid
  for pid in "${STEP_PIDS[@]}"; do
    kill -TERM -- "-$pid" 2>/dev/null || true
  done
}
trap stop_steps EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

hold_lock() { # two set-ups in one folder take turns; the steps of one that was killed hold it until they end
  command -v flock >/dev/null || return 0
  exec 9>"$RUNTIME/lock"
  flock --nonblock 9 && return
  say "another set-up is at work in this folder: waiting for it"
  flock 9
}

use_own_caches_where_home_is_read_only() {
  [[ -n ${HOME:-} && -w $HOME ]] && mkdir -p "$HOME/.cache" 2>/dev/null && [[ -w $HOME/.cache ]] && return
  mkdir -p "$RUNTIME/cache/home"
  export HOME=$RUNTIME/cache/home XDG_CACHE_HOME=$RUNTIME/cache
}

digest() { # FILES AND FOLDERS → one digest of where the project lies and of what these hold
  {
    printf '%s\n' "$ROOT"
    find "$@" -type f -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-32
}

is_stamped() { # NAME DIGEST
  [[ -f $RUNTIME/stamps/$1 && $(<"$RUNTIME/stamps/$1") == "$2" ]]
}

stamp() { # NAME DIGEST: a stamp is there whole or not at all
  printf '%s\n' "$2" >"$RUNTIME/stamps/.$1"
  mv -f "$RUNTIME/stamps/.$1" "$RUNTIME/stamps/$1"
}
