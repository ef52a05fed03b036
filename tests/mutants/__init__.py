"""Planted faults: the tests must catch every one of them.

Why it exists: a green suite says little until it has been seen red. Here some 1200 faults (wrong rules, sums
that forget a use, graphs walked in the wrong order, versions that nobody checks) are switched on one at a
time; the tests of that part must then fail, by an assertion. A crash, a time-out or a stray exception does
not count as caught. The same tests must pass without a fault.

Read in this order: fault.py (what a fault is), cpp.py and python.py (all faults), runner.py (how they meet
the tests). `python -m tests.mutants --help` runs a part of them; the build is the CMake preset `mutants`."""
