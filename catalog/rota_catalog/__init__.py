"""Components, actions and tokens as data; trees checked and compared. Knows no job."""
