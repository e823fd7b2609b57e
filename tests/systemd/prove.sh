#!/bin/bash
# The proof that rota and systemd get along. Needs a booted systemd, root, and a machine that may be changed.
#
#   prove.sh SOURCE [PACE]
#
# SOURCE is a checkout, or a folder with systemd/ and an installed copy in site/.
# PACE stretches every wait so many times: 1 for real machines, 10 for emulated ones.
#
# Prints a line for each claim, PASS or FAIL, and exits 1 when one failed.
set -u

source_dir=$(cd "${1:-.}" && pwd)
pace=${2:-1}
failed=0
export PATH=$PATH:/usr/sbin

say() { printf '%s  %s\n' "$1" "$2"; [ "$1" != FAIL ] || failed=1; }

# check WORDS COMMAND...: one claim
check() {
  local words=$1
  shift
  if "$@"; then say PASS "$words"; else say FAIL "$words"; fi
}

quiet() { "$@" >/dev/null 2>&1; }

# within SECONDS COMMAND...: until it succeeds
within() {
  local deadline=$((SECONDS + $1 * pace))
  shift
  until "$@" 2>/dev/null; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}

python() { /opt/rota/bin/python "$@"; }
rota() { /opt/rota/bin/rota "$@"; }
value() { systemctl show -P "$2" "$1"; }

# field EXPRESSION: of the JSON on stdin, as `it`
field() { python -c 'import json, sys; it = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

http_status() {
  python - "$1" <<'END'
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=120).status)
except urllib.error.HTTPError as error:
    print(error.code)
END
}

is_ready() { [ "$(http_status http://127.0.0.1:8321/readyz)" = 200 ]; }
state_of() { rota show "$1" --json | field 'it["state"]'; }
has_state() { [ "$(state_of "$1")" = "$2" ]; }
pid_of() { rota show "$1" --json | field 'it["pid"]'; }
has_job() { rota list --json | field "'$1' in [job['id'] for job in it['jobs']]" | grep -q True; }
is_active() { [ "$(value "$1" ActiveState)" = active ]; }

install_rota() {
  mkdir -p /opt/rota
  if [ -d "$source_dir/site" ]; then
    python3 -m venv --without-pip /opt/rota
    echo "$source_dir/site" >"$(echo /opt/rota/lib/python3.*/site-packages)/site.pth"
    printf '#!/opt/rota/bin/python\nfrom rota.cli.main import main\nmain()\n' >/opt/rota/bin/rota
    chmod 755 /opt/rota/bin/rota
  else
    python3 -m venv /opt/rota && /opt/rota/bin/pip install --quiet "$source_dir"
  fi
  local units=$source_dir/systemd
  install -m 644 "$units/rota.sysusers" /usr/lib/sysusers.d/rota.conf
  install -m 644 "$units/rota.tmpfiles" /usr/lib/tmpfiles.d/rota.conf
  systemd-sysusers rota.conf && systemd-tmpfiles --create rota.conf
  sed 's/^startup_delay:.*/startup_delay: 0s/' "$units/rota.yaml" >/etc/rota/rota.yaml
  install -m 644 "$units"/*.service "$units"/*.socket /etc/systemd/system/
  # Quicker than the packaged 30 s, so that nobody waits for it long.
  mkdir -p /etc/systemd/system/rota.service.d
  printf '[Service]\nWatchdogSec=%d\n' $((10 * pace)) >/etc/systemd/system/rota.service.d/proof.conf
  write_jobs
  systemctl daemon-reload
}

write_jobs() {
  cat >/etc/rota/jobs.d/slow.yaml <<END
title: Counts for a while
run: |
  for n in \$(seq 1 40); do
    echo "::progress \$n/40 counting"
    echo "line \$n"
    sleep $(python3 -c "print(0.5 * $pace)")
  done
END
  cat >/etc/rota/jobs.d/beat.yaml <<'END'
schedule: {every: 2s}
missed: skip
run: "true"
END
  cat >/etc/rota/jobs.d/daemonizes.yaml <<'END'
title: Leaves a daemon that wiped its tracks
run: |
  (setsid env -i /bin/bash -c 'exec -a left-by-rota sleep 600' >/dev/null 2>&1 </dev/null &)
  sleep 1
limits: {grace: 1s}
END
  cat >/etc/rota/jobs.d/eats.yaml <<'END'
title: Needs more memory than it may
exec: [/opt/rota/bin/python, -c, "x = bytes([1]) * 400_000_000"]
limits: {memory: 64M, pids: 20, cpu: 90%}
END
}

group_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
reason_of() { rota show "$1" --json | field 'it["reason"]'; }
none_left() { ! pgrep -f left-by-rota >/dev/null; }

prove_limits() {
  local run slow
  slow=$(rota run slow 2>/dev/null)
  within 20 has_state "$slow" running
  check "limits: a job has a control group of its own" \
    bash -c "[[ '$(group_of "$(pid_of "$slow")")' == */rota-runner.service/attempt-* ]]"
  run=$(rota run daemonizes 2>/dev/null)
  check "limits: a job that leaves a daemon ends completed" within 30 has_state "$run" completed
  check "limits: the daemon that it left is gone" none_left
  if grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
    run=$(rota run eats 2>/dev/null)
    check "limits: a job over its memory ends failed" within 60 has_state "$run" failed
    check "limits: and memory is the reason" test "$(reason_of "$run")" = memory
    check "limits: the runner lives on" is_active rota-runner.service
  fi
  check "limits: the job beside it ends completed" within 60 has_state "$slow" completed
}

prove_start() {
  systemctl enable --quiet --now rota.socket rota-runner.socket rota-runner.service rota.service
  check "start: rota.service is active when systemctl returns" is_active rota.service
  check "start: rota-runner.service is active" is_active rota-runner.service
  check "start: the page answers ready" within 30 is_ready
  check "start: systemctl status has a line of rota's own" test -n "$(value rota.service StatusText)"
  check "start: jobs run on their schedule" within 30 has_state beat completed
  check "start: jobs run as rota-jobs" test "$(rota show beat --json | field 'it["user"]')" = rota-jobs
}

prove_sealed() {
  local score
  score=$(systemd-analyze security --no-pager rota.service | sed -n 's/.*Overall exposure level[^0-9]*\([0-9.]*\).*/\1/p')
  check "sealed: exposure of rota.service is ${score:-not known}, under 2.0" \
    python -c "import sys; sys.exit(not float('${score:-10}') < 2.0)"
}

prove_reload() {
  printf 'run: "true"\n' >/etc/rota/jobs.d/new.yaml
  check "reload: files count only when told so" bash -c '! /opt/rota/bin/rota list | grep -q "^new "'
  check "reload: systemctl reload succeeds" systemctl reload rota
  check "reload: the new job is there when it returns" has_job new
  printf 'rnu: "true"\n' >/etc/rota/jobs.d/new.yaml
  check "reload: with a broken file it fails" bash -c '! systemctl reload rota 2>/dev/null'
  check "reload: the broken file's job stays as it was" has_job new
  check "reload: the daemon is still active" is_active rota.service
  rm /etc/rota/jobs.d/new.yaml
  systemctl reload rota
}

prove_restart() {
  local run pid daemon asking
  run=$(rota run slow 2>/dev/null)
  within 20 has_state "$run" running
  pid=$(pid_of "$run")
  daemon=$(value rota.service MainPID)
  # asks the page ten times a second while the daemon restarts
  python - <<'END' &
import sys, time, urllib.request
deadline = time.monotonic() + 15
refused = 0
while time.monotonic() < deadline:
    try:
        urllib.request.urlopen("http://127.0.0.1:8321/healthz", timeout=120).read()
    except OSError as error:
        refused += "refused" in str(error)
    time.sleep(0.1)
sys.exit(refused > 0)
END
  asking=$!
  check "restart: systemctl restart succeeds with a job running" systemctl restart rota
  check "restart: it is another daemon" test "$daemon" != "$(value rota.service MainPID)"
  check "restart: the job's process lives on" kill -0 "$pid"
  check "restart: the new daemon shows it running" within 20 has_state "$run" running
  check "restart: it is the same process" test "$pid" = "$(pid_of "$run")"
  check "restart: no connection was refused meanwhile" wait $asking
  check "restart: the run ends completed" within 60 has_state "$run" completed
  check "restart: its log is whole" test "$(rota logs "$run" 2>/dev/null | grep -c '^line ')" = 40
}

prove_runner_restart() {
  local run pid
  run=$(rota run slow 2>/dev/null)
  within 20 has_state "$run" running
  pid=$(pid_of "$run")
  check "runner: systemctl restart rota-runner succeeds with a job running" systemctl restart rota-runner
  check "runner: the job's process lives on" kill -0 "$pid"
  check "runner: the journal names the job that goes on" within 10 journal_names "$run"
  check "runner: new jobs start" within 30 fresh_beat
  check "runner: the run ends" within 60 bash -c "! /opt/rota/bin/rota show $run --json | grep -q '\"state\": \"running\"'"
  check "runner: its log is whole" test "$(rota logs "$run" 2>/dev/null | grep -c '^line ')" = 40
}

prove_runner_reload() {
  local run pid
  run=$(rota run slow 2>/dev/null)
  within 20 has_state "$run" running
  pid=$(value rota-runner.service MainPID)
  check "upgrade: systemctl reload rota-runner succeeds with a job running" systemctl reload rota-runner
  check "upgrade: it is the same process" test "$pid" = "$(value rota-runner.service MainPID)"
  check "upgrade: the run ends completed, its status not lost" within 60 has_state "$run" completed
}

journal_names() { journalctl -q -u rota-runner.service | grep -q "slow/${1#slow.}/"; }

fresh_beat() {
  local now
  now=$(rota runs beat -n 1 --json | field 'it["runs"][0]["number"]')
  within 10 bash -c "[ \$(/opt/rota/bin/rota runs beat -n 1 --json | /opt/rota/bin/python -c 'import json,sys; print(json.load(sys.stdin)[\"runs\"][0][\"number\"])') -gt $now ]"
}

prove_watchdog() {
  local run daemon restarts
  run=$(rota run slow 2>/dev/null)
  within 20 has_state "$run" running
  daemon=$(value rota.service MainPID)
  restarts=$(value rota.service NRestarts)
  kill -STOP "$daemon"
  check "watchdog: a hung daemon is restarted" within 60 restarted "$restarts"
  check "watchdog: it is ready again" within 60 is_ready
  check "watchdog: it is another daemon" test "$daemon" != "$(value rota.service MainPID)"
  check "watchdog: the run that went on meanwhile ends completed" within 60 has_state "$run" completed
  check "watchdog: its log is whole" test "$(rota logs "$run" 2>/dev/null | grep -c '^line ')" = 40
}

restarted() { [ "$(value rota.service NRestarts)" -gt "$1" ] && is_active rota.service; }

prove_activation() {
  quiet systemctl stop rota.service
  check "activation: rota.service is stopped" bash -c '[ "$(systemctl show -P ActiveState rota.service)" = inactive ]'
  check "activation: a request to the page starts it and is answered" within 60 is_ready
  quiet systemctl stop rota.service
  check "activation: so does a command over the Unix socket" quiet rota list
  quiet systemctl stop rota.service rota-runner.service
  systemctl start rota.service
  check "activation: the daemon's call starts the runner" within 60 is_active rota-runner.service
  check "activation: and jobs run" within 60 fresh_beat
}

prove_stop() {
  quiet systemctl stop rota.socket rota-runner.socket rota.service rota-runner.service
  check "stop: the ledger is sound" quiet rota store check --state /var/lib/rota
  check "stop: nothing ended as failed" \
    bash -c '! systemctl is-failed --quiet rota.service rota-runner.service'
}

install_rota
prove_start
prove_sealed
prove_reload
prove_limits
prove_restart
prove_runner_reload
prove_runner_restart
prove_watchdog
prove_activation
prove_stop
if [ $failed = 1 ]; then
  journalctl -q --no-pager -u 'rota*' | tail -n 60
fi
exit $failed
