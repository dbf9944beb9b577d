"""What both programs declare for a stack, judged without engine, login or Azure."""
