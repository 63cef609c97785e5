# Shared by the scripts in this folder; sourced, never run. Sets `root` and the helpers below.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${JOB_FABRIC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/job-fabric}

say() {
  local dim='' plain=''
  if [ -t 2 ]; then dim=$'\033[2m' plain=$'\033[0m'; fi
  printf '%sjob-fabric: %s%s\n' "$dim" "$*" "$plain" >&2
}
die() { printf 'job-fabric: %s\n' "$*" >&2; exit 1; }

# Lets sudo ask for its password, if it wants one, now: what runs behind a progress line cannot.
become_root() {
  [ "$(id -u)" != 0 ] || return 0
  command -v sudo >/dev/null || die "installing packages needs root or sudo"
  sudo -n true 2>/dev/null || sudo -v || die "sudo refused"
}

# Runs a command as root: directly, or through sudo; become_root comes first.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

# Shows one line per second of what a long command is doing; its whole output goes to a log file,
# which is printed when the command fails.   usage: with_progress LABEL LOGFILE COMMAND…
with_progress() {
  local label=$1 log=$2; shift 2
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 &
  local pid=$! started=$SECONDS shown=0
  while kill -0 "$pid" 2>/dev/null; do
    if [ -t 2 ]; then
      printf '\r\033[K%s: %ss  %s' "$label" $((SECONDS - started)) "$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c1-90)" >&2
    elif [ $((SECONDS - started)) -ge $((shown + 30)) ]; then
      shown=$((SECONDS - started))
      printf '%s: %ss  %s\n' "$label" "$shown" "$(tail -n 1 "$log" | cut -c1-90)" >&2
    fi
    sleep 1
  done
  [ -t 2 ] && printf '\r\033[K' >&2
  if ! wait "$pid"; then tail -n 60 "$log" >&2; die "$label failed; the whole output is in $log"; fi
  [ $((SECONDS - started)) -lt 3 ] || say "$label: done in $((SECONDS - started)) s"
}
