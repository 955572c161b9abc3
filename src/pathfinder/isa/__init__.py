"""Instruction sets: one spelling for feature names, the level and micro-architecture they amount to; pure."""
