# Limits by control groups, and that nothing of a job is left. Sourced by prove.sh.

prove_limits() {
  local slow run daemon runner
  slow=$(start slow -p lines=40)
  daemon=$(value rota.service MainPID)
  runner=$(value rota-runner.service MainPID)
  check "limits: a job has a control group of its own" has_own_group "$(pid_of "$slow")"
  run=$(rota run daemonizes 2>/dev/null)
  check "limits: a job that leaves a daemon ends completed" within 30 has_state "$run" completed
  check "limits: the daemon that it left is gone" not pgrep -f left-by-rota
  if has_controller memory; then
    prove_enforced
  else
    prove_unenforced
  fi
  check "limits: the daemon lives on" test "$daemon" = "$(value rota.service MainPID)"
  check "limits: the runner lives on" test "$runner" = "$(value rota-runner.service MainPID)"
  check "limits: the job beside it all ends completed" within 60 has_state "$slow" completed
}

has_own_group() { [[ $(group_of "$1") == */rota-runner.service/attempt-* ]]; }
page_says() { page_of "$1" | grep -qF "$2"; }

prove_unenforced() {
  local run
  check "limits: without controllers the page says that they don't hold" page_says eats "not enforced on this host"
  run=$(rota run strict 2>/dev/null)
  check "limits: a job that requires them is refused" within 30 has_reason "$run" refused
  check "limits: and told why" says "$run" "limits.memory can't be enforced on this host"
}

prove_enforced() {
  local eats forks burns
  check "limits: the page does not doubt them" not page_says eats "not enforced on this host"
  burns=$(start burns)
  forks=$(start forks)
  prove_fork_bomb "$forks"
  prove_slow_down "$burns"
  eats=$(rota run eats 2>/dev/null)
  check "limits: a job over its memory ends failed" within 60 has_state "$eats" failed
  check "limits: and memory is the reason" has_reason "$eats" memory
  check "limits: and its sentence says how much it had" says "$eats" "killed: it used more memory than its 64M"
  check "limits: a job that requires them runs" within 30 has_state "$(rota run strict 2>/dev/null)" completed
}

prove_fork_bomb() {
  local pid
  pid=$(pid_of "$1")
  check "limits: a job that forks without end gets as many processes as it may" within 10 group_says "$pid" pids.current 20
  check "limits: others can still start" quiet rota run strict
  check "limits: it ends by its timeout" within 30 has_reason "$1" timeout
  check "limits: nothing of it is left" not pgrep -f forked-by-rota
}

prove_slow_down() {
  local share
  within 60 has_state "$1" completed
  share=$(of "$1" 'round(100 * sum(it["attempts"][0]["used"][name] for name in ("userMs", "systemMs"))
    / (it["endedAt"] - it["startedAt"]))')
  check "limits: a job with 20% of a CPU used ${share:-?}%" test "${share:-100}" -le 25
}
