"""What an author does at a terminal, without a server: `scripts/workflow new check show test run diff bill docs schema`.

    cli ─► one module per command (check.py, show.py, …) ─► definition · scenarios
     └ project (where folders lie) · terminal (colours, tables, progress) · exits (the exit codes)

Nothing imports Airflow.
"""
