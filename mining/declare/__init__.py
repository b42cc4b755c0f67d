"""DECLARE templates as engine expressions: what each asks for, and what a trace shows of it."""
