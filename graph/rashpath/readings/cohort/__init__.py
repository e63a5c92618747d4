"""The cohort: a guideline as one SQL query over a table of cases."""
