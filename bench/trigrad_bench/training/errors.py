"""The two ways a training command ends early: asked for wrongly (exit 2), or gone wrong (exit 1)."""

from __future__ import annotations


class UsageError(ValueError):
    """What was asked for cannot be done; the message says what can."""


class TrainingError(RuntimeError):
    """Training, saving or plotting failed; the message says where and what to try."""
