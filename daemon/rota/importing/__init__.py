"""Job files from crontabs, systemd timers and the files of other schedulers. Text in, text out."""
