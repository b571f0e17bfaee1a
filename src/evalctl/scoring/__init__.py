"""Asking rubrics of targets: views, rules and the score ledger."""
