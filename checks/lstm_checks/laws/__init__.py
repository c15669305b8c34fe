"""The laws: one property, one function, its docstring the equation. One file a rung."""
