#!/bin/bash
# The proof of what becomes of runs when the host shuts down and comes back.
#
#   shutdown.sh SOURCE PACE before    starts jobs, then shuts this machine down; the state is in SOURCE/state.tar then
#   shutdown.sh SOURCE PACE after     in another boot: takes that state, starts rota, and makes its claims
#
# In two because a machine that boots twice may be hard to come by; SOURCE is as for prove.sh, and can be written to.
set -u

source_dir=$(cd "$1" && pwd)
pace=$2
for part in words install; do
  # shellcheck source=/dev/null
  . "$source_dir/tests/systemd/$part.sh"
done

before() {
  start_rota
  within 60 is_ready || { say FAIL "shutdown: the page is ready before it"; verdict; exit; }
  {
    echo "slow=$(start slow -p lines=10000)"
    echo "again=$(start again)"
    echo "first=$(start lined -p seconds=86400)"
    echo "second=$(rota run lined 2>/dev/null)"
    echo "many=$(start many)"
    echo "retries=$(rota run retries 2>/dev/null)"
  } >"$source_dir/runs"
  # shellcheck source=/dev/null
  . "$source_dir/runs"
  within 30 has_state "$retries" retrying
  within 30 has_reason "$second" queued
  echo "boot=$(cat /proc/sys/kernel/random/boot_id)" >>"$source_dir/runs"
  keep_state
  systemctl poweroff
  sleep $((300 * pace))
  echo "The machine did not go down."
  exit 1
}

# What stops after rota takes its state along; what starts before it, stops after it.
keep_state() {
  cat >/etc/systemd/system/keep-state.service <<UNIT
[Unit]
Before=rota.service rota-runner.service
RequiresMountsFor=$source_dir
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=true
ExecStop=tar -C /var/lib -cf $source_dir/state.tar rota rota-runner
TimeoutStopSec=$((60 * pace))
UNIT
  go_down_in_order
  systemctl daemon-reload
  systemctl start keep-state.service
}

# A machine made for one script may fall over as soon as that ends; this one shall stop its services first.
go_down_in_order() {
  local unit
  for unit in $(grep -l '^SuccessAction=' /etc/systemd/system/*.service); do
    mkdir -p "$unit.d"
    printf '[Unit]\nSuccessAction=none\nFailureAction=none\n' >"$unit.d/in-order.conf"
  done
}

after() {
  # shellcheck source=/dev/null
  . "$source_dir/runs"
  check "shutdown: this is another boot" test "$boot" != "$(cat /proc/sys/kernel/random/boot_id)"
  tar -C /var/lib -xf "$source_dir/state.tar"
  check "shutdown: the ledger is sound" quiet rota store check --state /var/lib/rota
  start_rota
  check "shutdown: the page is ready after the boot" within 60 is_ready
  [ $failed = 0 ] || { verdict; exit; }
  check "shutdown: a run that was under way was interrupted" within 30 has_reason "$slow" interrupted
  check "shutdown: and its sentence says by what" says "$slow" "the host went down"
  check "shutdown: its log is there" test "$(rota logs "$slow" 2>/dev/null | grep -c '^line 1$')" = 1
  check "shutdown: a run with an attempt left is tried again" within 60 has_state "$again" completed
  check "shutdown: its first attempt was interrupted" \
    test "$(of "$again" '[each["reason"] for each in it["attempts"]]')" = "['interrupted', 'exit']"
  check "shutdown: a run that was queued has run" within 60 has_state "$second" completed
  check "shutdown: a run that waited for its next attempt has had it" within 60 has_state "$retries" completed
  check "shutdown: a batch ends" within 60 is_over "$many"
  check "shutdown: each of its children ran, or was interrupted" \
    test "$(of "$many" 'it["children"]["completed"] + it["children"]["failed"]')" = 6
  check "shutdown: jobs run on their schedule" fresh_beat
  verdict
}

install_rota
"$3"
