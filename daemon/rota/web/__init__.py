"""HTTP: pages, API, live updates and who may do what."""
