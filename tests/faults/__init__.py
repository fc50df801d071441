"""The fault drill: a real server, one fault at a time, and readers on every door.

    python -m tests.faults                    every scenario, as a table
    python -m tests.faults restore damage     those two
    python -m tests.faults --server DIR       the server of another checkout, with its own .venv
    python -m tests.faults --short            the forms that the gate runs

A scenario is a coroutine that takes a `Ground` (an empty folder, and which server to run) and
returns findings: a promise, whether it holds, and what was counted. `tests/test_faults.py`
asserts the short forms.
"""
