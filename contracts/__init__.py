"""What must hold between the parts: names, stack outputs, events, error form. Standard library only; all may import it."""
