# A new version over the old one while jobs of all kinds are under way. Sourced by prove.sh.

kinds="slow stepped sums asks looks guarded branches many retries"

prove_upgrade() {
  local run runner space job old new
  local -a runs=()
  put_slow_server
  for job in $kinds; do
    runs+=("$(rota run "$job" 2>/dev/null)")
  done
  rota run lined >/dev/null 2>&1
  runs+=("$(rota run lined 2>/dev/null)")
  within 30 has_state "${runs[-1]}" pending
  within 30 has_state "${runs[-2]}" retrying
  runner=$(value rota-runner.service MainPID)
  space=$(address_space "$runner")
  old=$(rota --version)
  upgrade_rota
  new=$(rota --version)
  check "upgrade: $old became $new" test "$old" != "$new"
  check "upgrade: the daemon is ready" within 60 is_ready
  check "upgrade: the runner is the same process" test "$runner" = "$(value rota-runner.service MainPID)"
  check "upgrade: and another program" test "$space" != "$(address_space "$runner")"
  for run in "${runs[@]}"; do
    check "upgrade: ${run%.*} that was under way ends completed" within 90 has_state "$run" completed
  done
  check "upgrade: what the first step told reached the second" test "$(of "${runs[1]}" 'it["result"]["size"]')" = 7
  check "upgrade: each child of a batch ran once" test "$(of many 'it["children"]["completed"]')" = 6
  check "upgrade: what follows a job came after it" within 30 has_state follows completed
  check "upgrade: a log is whole" log_is_whole "${runs[0]}" 20
  systemctl stop slow-server
}

# As systemd/README.md says it.
upgrade_rota() {
  put_rota "$(python3 "$source_dir/tests/systemd/next_version.py" "$(find_wheel)" /opt/rota/next)"
  put_units
  check "upgrade: the daemon restarts" systemctl restart rota
  check "upgrade: the runner reloads" systemctl reload rota-runner
}

# address_space PID: a number that exec changes
address_space() { md5sum <"/proc/$1/auxv"; }

put_slow_server() {
  mkdir -p /etc/rota/code
  printf 'import time\n\n\ndef add(numbers, seconds):\n    time.sleep(seconds)\n    return {"sum": sum(numbers)}\n' \
    >/etc/rota/code/slow_sum.py
  printf '%s\n' 'import http.server, time' \
    'class Late(http.server.BaseHTTPRequestHandler):' \
    '    def do_GET(self):' \
    "        time.sleep($((8 * pace)))" \
    '        self.send_response(200)' \
    '        self.end_headers()' \
    '        self.wfile.write(b"late")' \
    'http.server.ThreadingHTTPServer(("127.0.0.1", 9099), Late).serve_forever()' >/etc/rota/code/slow_server.py
  quiet systemd-run --unit slow-server /opt/rota/bin/python /etc/rota/code/slow_server.py
}
