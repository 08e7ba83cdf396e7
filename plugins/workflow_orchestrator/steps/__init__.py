"""What each kind of step does, without Airflow."""
