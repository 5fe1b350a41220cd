"""The rooms of ``jobseal-gateway``: one module a subject, each adding its commands to the parser.

A command is a function from the parsed command line to an ``Answer``. It says what it does in the modules beside this
package and prints nothing itself; whatever goes wrong is raised, with a sentence.
"""
