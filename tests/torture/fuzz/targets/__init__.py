"""What is fed with bytes, one module a noun; ``contract`` says what a target is.

Nothing here may be imported before the engine has decided whether our modules are instrumented (``engine``).
"""
