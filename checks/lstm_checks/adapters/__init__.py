"""Adapters: the few lines that let the kit drive a subject of some format.

An adapter is a file with `adapt(target)`, which returns a class in the native contract; `target`
is what FILE[:NAME] names: the module, or the object NAME in it. It may declare conventions as
class attributes, and in `not_offered` what its format cannot express: a dict from "initial_h",
"initial_c", "final_c", … to the reason. Where the format has functions for one step, the class
says `step_functions = True` and has step(x, h, c) -> h, c and step_backward(dh, dc) -> dx, dh, dc.
It imports nothing of the kit, since it runs in the subject's process and stands, as it is, in the
scripts that reproduce a failure.
"""

NAMES = ("native", "torch", "cs231n")
