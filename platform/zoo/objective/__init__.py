"""The paper's objective, one term per module (torch)."""
