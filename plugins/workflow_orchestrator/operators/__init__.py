"""One thin operator per kind of step; each opens the run's folder, calls one thing below it, and reports."""
