# Puts rota on this machine as systemd/README.md says, with the jobs of the proof. Sourced after words.sh.

# put_rota WHEEL: into /opt/rota; over an older one it is the upgrade
put_rota() {
  if [ -d "$source_dir/site" ]; then
    [ -d /opt/rota/bin ] || python3 -m venv --without-pip /opt/rota
    # What rota needs is unpacked already; rota itself is installed the way people install it.
    echo "$source_dir/site" >"$(echo /opt/rota/lib/python3.*/site-packages)/site.pth"
    python3 -m pip --python /opt/rota/bin/python install --quiet --disable-pip-version-check \
      --root-user-action ignore --no-index --no-deps --upgrade "$1"
  else
    [ -d /opt/rota/bin ] || python3 -m venv /opt/rota
    /opt/rota/bin/pip install --quiet --upgrade "$1"
  fi
}

put_units() {
  local units=$source_dir/systemd
  install -m 644 "$units"/*.service "$units"/*.socket /etc/systemd/system/
  systemctl daemon-reload
}

# find_wheel: prints where the wheel of this source is, made now if nobody did
find_wheel() {
  if [ ! -d "$source_dir/wheels" ]; then
    quiet python3 -m venv /opt/rota
    quiet /opt/rota/bin/pip wheel --no-deps --wheel-dir /opt/rota/wheels "$source_dir"
    echo /opt/rota/wheels/rota-*.whl
  else
    echo "$source_dir"/wheels/rota-*.whl
  fi
}

install_rota() {
  local units=$source_dir/systemd
  put_rota "$(find_wheel)"
  install -m 644 "$units/rota.sysusers" /usr/lib/sysusers.d/rota.conf
  install -m 644 "$units/rota.tmpfiles" /usr/lib/tmpfiles.d/rota.conf
  systemd-sysusers rota.conf 2>/dev/null && systemd-tmpfiles --create rota.conf
  sed 's/^startup_delay:.*/startup_delay: 0s/' "$units/rota.yaml" >/etc/rota/rota.yaml
  # Quicker than the packaged 30 s, so that nobody waits for it long.
  mkdir -p /etc/systemd/system/rota.service.d
  printf '[Service]\nWatchdogSec=%d\n' $((10 * pace)) >/etc/systemd/system/rota.service.d/proof.conf
  put_jobs "$source_dir/tests/systemd/jobs"
  put_units
}

# put_jobs FOLDER: its job files, with $PACE times N seconds for each @N@
put_jobs() {
  local file
  for file in "$1"/*.yaml; do
    paced <"$file" >"/etc/rota/jobs.d/${file##*/}"
  done
}

paced() { python3 -c 'import re, sys; pace = float(sys.argv[1]); print(re.sub(r"@([\d.]+)@", lambda found: f"{float(found[1]) * pace:g}", sys.stdin.read()), end="")' "$pace"; }

start_rota() { systemctl enable --quiet --now rota.socket rota-runner.socket rota-runner.service rota.service; }
