"""The conformance suite: every engine, every op of the one list, every dtype, every shape family.

Why it exists: three engines compute the same gradients from one list of operations (`docs/ops.json`). Nothing
in here names an op's mathematics a second time except `oracle.py` (PyTorch's name for it); all cases are
generated from the list, so an op that is added to the list is tested the same minute, and an op that is
forgotten anywhere fails.

Read in this order: samples.py (cases), oracle.py (answers), golden.py and record.py (answers on disk),
engines.py (who is tested), tolerance.py (how close), compare.py (what a failure says), then test_ops.py."""
