"""Runs every engine on the same workloads and shows gradients and speed side by side.

Read workloads.py (what is computed), then engines.py (who computes), then compare.py (gate, timing, table).
"""
