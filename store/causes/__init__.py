"""The facts that can explain a disagreement."""
