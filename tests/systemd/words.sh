# What the parts of the proof share: claims, waiting, and asking rota and systemd.
# Sourced, with `source_dir` and `pace` set.

failed=0
passed=0
export PATH=$PATH:/usr/sbin

# say PASS|FAIL WORDS
say() {
  printf '%s  %s\n' "$1" "$2"
  if [ "$1" = PASS ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# check WORDS COMMAND...: one claim
check() {
  local words=$1
  shift
  if "$@"; then say PASS "$words"; else say FAIL "$words"; fi
}

quiet() { "$@" >/dev/null 2>&1; }
not() { ! "$@"; }

# within SECONDS COMMAND...: until it succeeds
within() {
  local deadline=$((SECONDS + $1 * pace))
  shift
  until "$@" 2>/dev/null; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}

# verdict: the sum of all claims; the status is 1 when one failed
verdict() {
  echo "$passed claims hold, $failed do not; $SECONDS s"
  [ $failed = 0 ] || journalctl -q --no-pager -u 'rota*' | tail -n 80
  [ $failed = 0 ]
}

python() { /opt/rota/bin/python "$@"; }
rota() { /opt/rota/bin/rota "$@"; }
value() { systemctl show -P "$2" "$1"; }
is_active() { [ "$(value "$1" ActiveState)" = active ]; }

# field EXPRESSION: of the JSON on stdin, as `it`
field() { python -c 'import json, sys; it = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

http_status() {
  python - "$1" <<'PY'
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=120).status)
except urllib.error.HTTPError as error:
    print(error.code)
PY
}

page_of() { curl -sS --max-time 120 "http://127.0.0.1:8321/jobs/$1"; }
is_ready() { [ "$(http_status http://127.0.0.1:8321/readyz)" = 200 ]; }

# of RUN EXPRESSION: what is known of it, as `it`
of() { rota show "$1" --json | field "$2"; }
state_of() { of "$1" 'it["state"]'; }
has_state() { [ "$(state_of "$1")" = "$2" ]; }
reason_of() { of "$1" 'it["reason"]'; }
has_reason() { [ "$(reason_of "$1")" = "$2" ]; }
pid_of() { of "$1" 'it["pid"]'; }
says() { of "$1" 'it["message"]' | grep -qF "$2"; }
is_over() { of "$1" 'it["endedAt"] is not None' | grep -q True; }
has_job() { rota list --json | field "'$1' in [job['id'] for job in it['jobs']]" | grep -q True; }
log_is_whole() { [ "$(rota logs "$1" 2>/dev/null | grep -c '^line ')" = "$2" ]; }

# start JOB [ARG...]: now; prints its run once that is running
start() {
  local run
  run=$(rota run "$@" 2>/dev/null)
  within 30 has_state "$run" running
  echo "$run"
}

beats() { rota runs beat -n 1 --json | field 'it["runs"][0]["number"]'; }
beats_beyond() { [ "$(beats)" -gt "$1" ]; }
fresh_beat() { within 20 beats_beyond "$(beats)"; }

# Control groups, as the kernel shows them
has_controller() { grep -qw "$1" /sys/fs/cgroup/cgroup.controllers; }
group_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
group_says() { [ "$(cat "/sys/fs/cgroup$(group_of "$1")/$2")" = "$3" ]; }
