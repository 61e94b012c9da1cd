"""Chips as they are made: populations with analog errors, what they compute, and how right they are."""
