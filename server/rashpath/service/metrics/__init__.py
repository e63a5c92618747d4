"""What the service counts of itself, and how a Prometheus server reads it.

Each process counts in plain numbers (`tally`); they become metrics only when somebody asks. No
value of a fact is counted, and every label comes from a closed list: methods, codes, reasons, and
the ids of the guideline. Nothing is imported here: the parent of several workers gathers what they
counted, and needs neither the engine nor the ledger for it.
"""
