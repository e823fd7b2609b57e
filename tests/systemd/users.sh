# A runner of root's that runs jobs as the users its rules name. Sourced by prove.sh.

prove_users() {
  local before run
  before=$(start slow)
  put_root_runner
  check "users: the runner becomes root's with a job running" within 30 is_run_by rota-runner.service root
  check "users: the job that was running goes on" within 20 has_state "$before" running
  check "users: a job that names nobody runs as rota-jobs" within 30 ran_as "$(rota run whoami 2>/dev/null)" "rota-jobs rota-jobs"
  check "users: a job runs as the user it names" within 30 ran_as "$(rota run whoami-backup 2>/dev/null)" "backup backup"
  check "users: and what it hands on arrives" test "$(of whoami-backup 'it["result"]["size"]')" = 7
  run=$(rota run whoami-root 2>/dev/null)
  check "users: a job that names root is refused" within 30 has_reason "$run" refused
  check "users: and told by which rule" says "$run" /etc/rota/runner.yaml
  prove_users_left
  prove_users_rules
  prove_users_files
  check "users: the job that was running before it all ends" within 60 is_over "$before"
  check "users: its log is whole" log_is_whole "$before" 20
  drop_root_runner
  check "users: without root's runner, jobs of the old one run again" within 30 ran_as "$(rota run whoami 2>/dev/null)" "rota-jobs rota-jobs"
}

prove_users_left() {
  local run pid
  run=$(start stubborn-backup)
  pid=$(pid_of "$run")
  check "users: it has a control group of its own" has_own_group "$pid"
  rota cancel "$run" >/dev/null 2>&1
  check "users: it ends though it ignores SIGTERM" within 30 has_state "$run" cancelled
  check "users: nothing of that user is left" not pgrep -u backup
}

prove_users_rules() {
  chmod 666 /etc/rota/runner.yaml
  systemctl restart rota-runner.service 2>/dev/null
  # Not that it is `failed`: each call of the daemon may start it once more.
  check "users: rules that others can write end the runner" within 20 journal_says rota-runner.service "status=2/"
  check "users: and the journal says why" within 20 journal_says rota-runner.service runner.yaml
  chmod 644 /etc/rota/runner.yaml
  quiet systemctl reset-failed rota-runner.service rota-runner.socket
  systemctl restart rota-runner.service
  check "users: with rules of root's it is back" within 30 ran_as "$(rota run whoami-backup 2>/dev/null)" "backup backup"
}

prove_users_files() {
  local run
  chmod 666 /etc/rota/jobs.d/whoami.yaml
  quiet systemctl reload rota
  run=$(rota run whoami 2>/dev/null)
  check "users: a job file that others can write is refused" within 20 has_reason "$run" refused
  chmod 644 /etc/rota/jobs.d/whoami.yaml
  check "users: once it is root's alone, it is" systemctl reload rota
}

is_run_by() { is_active "$1" && [ "$(ps -o user= -p "$(value "$1" MainPID)")" = "$2" ]; }
journal_says() { journalctl -q --no-pager -u "$1" | grep -qF "$2"; }
ran_as() { has_state "$1" completed && rota logs "$1" 2>/dev/null | grep -qx "$2"; }

# As systemd/README.md says it.
put_root_runner() {
  local drop_in=/etc/systemd/system/rota-runner.service.d
  mkdir -p $drop_in
  sed 's/^users:.*/users: [backup]/' "$source_dir/systemd/runner.yaml" >/etc/rota/runner.yaml
  install -m 644 "$source_dir/systemd/rota-runner-root.conf" $drop_in/root.conf
  systemctl daemon-reload
  systemctl restart rota-runner
}

drop_root_runner() {
  rm /etc/systemd/system/rota-runner.service.d/root.conf
  systemctl daemon-reload
  systemctl restart rota-runner
}
