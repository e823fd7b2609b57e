#!/bin/bash
# The proof that rota and systemd get along. Needs a booted systemd, root, and a machine that may be changed.
#
#   prove.sh SOURCE [PACE [PART...]]
#
# SOURCE is a checkout, or a folder with systemd/, tests/systemd/, the wheel in wheels/ and what it needs in site/.
# PACE stretches every wait so many times: 1 for real machines, 10 for emulated ones.
# PART is a function prove_PART; without any, all of them run.
#
# Prints a line for each claim, PASS or FAIL, and exits 1 when one failed.
set -u

source_dir=$(cd "${1:-.}" && pwd)
pace=${2:-1}
shift $(($# < 2 ? $# : 2))
for part in words install limits crash upgrade users; do
  # shellcheck source=/dev/null
  . "$source_dir/tests/systemd/$part.sh"
done

prove_start() {
  check "start: rota.service is active when systemctl returns" is_active rota.service
  check "start: rota-runner.service is active" is_active rota-runner.service
  check "start: the page answers ready" within 30 is_ready
  check "start: systemctl status has a line of rota's own" test -n "$(value rota.service StatusText)"
  check "start: jobs run on their schedule" within 30 has_state beat completed
  check "start: jobs run as rota-jobs" test "$(of beat 'it["user"]')" = rota-jobs
}

prove_doctor() {
  check "doctor: it finds daemon, runner and ledger without being told where" doctor_sees daemon runner ledger systemd
  if has_controller memory; then
    check "doctor: control groups hold limits" doctor_sees cgroups
  fi
}

# doctor_sees KEY...: those are well
doctor_sees() {
  rota doctor --json | field "{each['key'] for each in it['findings'] if each['state'] == 'ok'} >= set('$*'.split())" |
    grep -q True
}

exposure() {
  systemd-analyze security --no-pager "$1" | sed -n 's/.*Overall exposure level[^0-9]*\([0-9.]*\).*/\1/p'
}
is_under() { python -c 'import sys; sys.exit(not float(sys.argv[1] or 10) < float(sys.argv[2]))' "$1" "$2"; }

prove_sealed() {
  local score
  score=$(exposure rota.service)
  check "sealed: exposure of rota.service is ${score:-not known}, under 2.0" is_under "$score" 2.0
  score=$(exposure rota-runner.service)
  # What is closed for the runner is closed for every job, so this can't be low.
  check "sealed: exposure of rota-runner.service is ${score:-not known}, under 9.0" is_under "$score" 9.0
}

prove_reload() {
  printf 'run: "true"\n' >/etc/rota/jobs.d/new.yaml
  check "reload: files count only when told so" not has_job new
  check "reload: systemctl reload succeeds" systemctl reload rota
  check "reload: the new job is there when it returns" has_job new
  printf 'rnu: "true"\n' >/etc/rota/jobs.d/new.yaml
  check "reload: with a broken file it fails" not quiet systemctl reload rota
  check "reload: the broken file's job stays as it was" has_job new
  check "reload: the daemon is still active" is_active rota.service
  rm /etc/rota/jobs.d/new.yaml
  systemctl reload rota
}

# ask_on SECONDS: asks the page ten times a second so long; fails when a connection was refused
ask_on() {
  python - "$1" <<'PY'
import sys, time, urllib.request
deadline = time.monotonic() + float(sys.argv[1])
refused = 0
while time.monotonic() < deadline:
    try:
        urllib.request.urlopen("http://127.0.0.1:8321/healthz", timeout=120).read()
    except OSError as error:
        refused += "refused" in str(error)
    time.sleep(0.1)
sys.exit(refused > 0)
PY
}

prove_restart() {
  local run pid daemon runner asking
  run=$(start slow -p lines=40)
  pid=$(pid_of "$run")
  daemon=$(value rota.service MainPID)
  ask_on $((8 * pace)) &
  asking=$!
  check "restart: systemctl restart succeeds with a job running" systemctl restart rota
  check "restart: it is another daemon" test "$daemon" != "$(value rota.service MainPID)"
  check "restart: the job's process lives on" kill -0 "$pid"
  check "restart: the new daemon shows it running" within 20 has_state "$run" running
  check "restart: it is the same process" test "$pid" = "$(pid_of "$run")"
  check "restart: no connection was refused meanwhile" wait $asking
  runner=$(value rota-runner.service MainPID)
  check "reload of the runner: it succeeds with a job running" systemctl reload rota-runner
  check "reload of the runner: it is the same process" test "$runner" = "$(value rota-runner.service MainPID)"
  check "reload of the runner: the run ends completed, its status not lost" within 60 has_state "$run" completed
  check "reload of the runner: the log of the run is whole" log_is_whole "$run" 40
}

prove_runner_restart() {
  local run pid
  run=$(start slow)
  pid=$(pid_of "$run")
  check "restart of the runner: it succeeds with a job running" systemctl restart rota-runner
  check "restart of the runner: the job's process lives on" kill -0 "$pid"
  check "restart of the runner: the journal names the job that goes on" within 10 journal_names "$run"
  check "restart of the runner: new jobs start" fresh_beat
  check "restart of the runner: the run ends" within 60 is_over "$run"
  check "restart of the runner: what nobody saw is said to be unknown" has_reason "$run" unknown
  check "restart of the runner: its log is whole" log_is_whole "$run" 20
}

journal_names() { journalctl -q -u rota-runner.service | grep -q "slow/${1#slow.}/"; }

prove_watchdog() {
  local run daemon restarts
  run=$(start slow)
  daemon=$(value rota.service MainPID)
  restarts=$(value rota.service NRestarts)
  kill -STOP "$daemon"
  check "watchdog: a hung daemon is restarted" within 60 restarted "$restarts"
  check "watchdog: it is ready again" within 60 is_ready
  check "watchdog: it is another daemon" test "$daemon" != "$(value rota.service MainPID)"
  check "watchdog: the run that went on meanwhile ends completed" within 60 has_state "$run" completed
  check "watchdog: its log is whole" log_is_whole "$run" 20
}

restarted() { [ "$(value rota.service NRestarts)" -gt "$1" ] && is_active rota.service; }

prove_activation() {
  quiet systemctl stop rota.service
  check "activation: rota.service is stopped" test "$(value rota.service ActiveState)" = inactive
  check "activation: a request to the page starts it and is answered" within 60 is_ready
  quiet systemctl stop rota.service
  check "activation: so does a command over the Unix socket" within 60 quiet rota list
  quiet systemctl stop rota.service rota-runner.service
  systemctl start rota.service
  check "activation: the daemon's call starts the runner" within 60 is_active rota-runner.service
  check "activation: and jobs run" fresh_beat
}

prove_stop() {
  quiet systemctl stop rota.socket rota-runner.socket rota.service rota-runner.service
  check "stop: the ledger is sound" quiet rota store check --state /var/lib/rota
  check "stop: nothing ended as failed" not systemctl is-failed --quiet rota.service rota-runner.service
  check "stop: no process of a job is left" not pgrep -u rota-jobs
}

install_rota
start_rota
# Where the daemon does not even start, the rest shows nothing and takes long.
within 60 is_ready || { say FAIL "the page is ready after the installation"; verdict; exit; }
[ $# -gt 0 ] || set -- start doctor sealed reload limits crash restart runner_restart watchdog upgrade users activation stop
for part; do
  "prove_$part"
done
verdict
