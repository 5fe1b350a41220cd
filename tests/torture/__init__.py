"""What tries to break the promises, campaign by campaign: ``make torture``. Not collected by pytest.

``campaign`` is the contract, ``plan`` the list, ``driver`` and ``slices`` run it, ``progress`` remembers, ``table``
tells.
"""
