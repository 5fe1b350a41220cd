from tests.system.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = ()
