# The runner killed while jobs with limits live. Sourced by prove.sh.

prove_crash() {
  local runner hoards endless pid
  hoards=$(start hoards)
  endless=$(start endless)
  pid=$(pid_of "$hoards")
  runner=$(value rota-runner.service MainPID)
  kill -KILL "$runner"
  check "crash of the runner: systemd starts another" within 30 is_another_runner "$runner"
  check "crash of the runner: the job's process lives on" kill -0 "$pid"
  check "crash of the runner: the run goes on" within 20 has_state "$hoards" running
  check "crash of the runner: new jobs start" fresh_beat
  if has_controller memory; then
    check "crash of the runner: the limit of memory holds again" within 20 group_says "$pid" memory.max 67108864
    check "crash of the runner: the limit of pids holds again" group_says "$pid" pids.max 20
    check "crash of the runner: the limit of cpu holds again" group_says "$pid" cpu.max "50000 100000"
  fi
  touch /var/lib/rota-jobs/now
  check "crash of the runner: the run ends" within 60 is_over "$hoards"
  if has_controller memory; then
    check "crash of the runner: memory is the reason, also seen by the next runner" has_reason "$hoards" memory
  fi
  check "crash of the runner: the timeout of the other run holds" within 60 has_reason "$endless" timeout
  rm -f /var/lib/rota-jobs/now
}

is_another_runner() { is_active rota-runner.service && [ "$(value rota-runner.service MainPID)" != "$1" ]; }
