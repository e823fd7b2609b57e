from __future__ import annotations

from rota.importing.unit_file import read

CAT = """\
# /lib/systemd/system/a.service
[Unit]
Description=first
[Service]
# a comment
Environment=A=1
Environment=B=2
ExecStart=/bin/a one \\
  # between
  two

# /etc/systemd/system/a.service.d/50-more.conf
[Service]
Environment=
Environment=C=3

# /lib/systemd/system/a.timer
[Timer]
OnCalendar=daily
"""


def test_units_with_their_drop_ins() -> None:
    units = read([("-", CAT)])

    assert set(units) == {"a.service", "a.timer"}
    service = units["a.service"]
    assert [each.value for each in service.all("Service", "Environment")] == ["C=3"]
    assert service.last("Service", "ExecStart") == "/bin/a one two"
    assert service.last("Service", "Nice") == ""


def test_settings_know_their_line_and_text() -> None:
    units = read([("first.timer", "[Timer]\nOnCalendar=daily\n"), ("-", CAT)])

    (setting,) = units["a.timer"].all("Timer", "OnCalendar")
    assert (setting.source, setting.line) == (1, 19)
    assert units["first.timer"].source == 0


def test_a_line_that_goes_on_at_the_end_of_the_file() -> None:
    assert read([("a.timer", "[Timer]\nOnCalendar=a\\")])["a.timer"].last("Timer", "OnCalendar") == "a"
