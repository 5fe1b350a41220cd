"""A signing key that a TPM 2.0 makes and never gives up: ECDSA on P-256 (ESP256), used with a secret from the vault.

The TPM keeps nothing: the key comes back as two blobs that only this TPM can load, under a primary key that it derives
anew each time. To sign with it takes the TPM and the secret, which PINs open; so a copied card is worth nothing
without the machine, and the machine nothing without a PIN.

``tpm2-pytss`` is an extra of its own (``jobseal[tpm]``) and is imported by whoever has such a key only. Tested against
swtpm; which TPM it is says ``JOBSEAL_TPM``, a TCTI string, by default the kernel's resource manager.
"""

import hashlib
import os
from typing import Any, NamedTuple

from jobseal import cbor
from jobseal.errors import OPERATOR, JobsealError
from jobseal.key import ESP256, Key

TCTI_VARIABLE = "JOBSEAL_TPM"
TCTI_DEFAULT = "device:/dev/tpmrm0"

_PARENT = "ecc256:aes128cfb"
_TEMPLATE = "ecc256:ecdsa-sha256"
# Never duplicated to another TPM; the secret has 256 random bits, so that the TPM need not count wrong ones.
_ATTRIBUTES = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256: SEC 2 section 2.4.2
_PART_MAX_BYTES = 1024


class TpmFailed(JobsealError):
    """The TPM is not there, is another one, or refuses."""

    def __init__(self, why: object) -> None:
        sentence = f"The TPM did not do it ({why}). Start the handheld again; if it repeats, have it repaired."
        super().__init__("tpm_failed", sentence, OPERATOR, final=False)


class Made(NamedTuple):
    """A new key: its public half, and the ``part`` that this TPM needs to load it again."""

    key: Key
    part: bytes


def make(secret: bytes, tcti: str | None = None) -> Made:
    """Have the TPM make a key that only ``secret`` (32 bytes) lets sign. Raises :class:`TpmFailed`."""
    tss = _library()
    try:
        with tss.ESAPI(tcti or _tcti()) as esys:
            parent, *_ = esys.create_primary(tss.TPM2B_SENSITIVE_CREATE(), _PARENT)
            sensitive = tss.TPM2B_SENSITIVE_CREATE(tss.TPMS_SENSITIVE_CREATE(userAuth=secret))
            template = tss.TPM2B_PUBLIC(tss.TPMT_PUBLIC.parse(_TEMPLATE, objectAttributes=_ATTRIBUTES))
            private, public, *_ = esys.create(parent, sensitive, template)
            esys.flush_context(parent)
            return Made(_key_of(public), cbor.encode([public.marshal(), private.marshal()]))
    except (tss.TSS2_Exception, RuntimeError) as error:
        raise TpmFailed(error) from error


class TpmSigner:
    """Signs with such a key for as long as it lives; ``key`` is the public half."""

    def __init__(self, secret: bytes, part: bytes, tcti: str | None = None) -> None:
        """Raises :class:`TpmFailed`, also for the part of another TPM."""
        self._tss = tss = _library()
        try:
            public, private = cbor.decode(part, _PART_MAX_BYTES)
            self._esys = tss.ESAPI(tcti or _tcti())
            parent, *_ = self._esys.create_primary(tss.TPM2B_SENSITIVE_CREATE(), _PARENT)
            loaded_public, _ = tss.TPM2B_PUBLIC.unmarshal(public)
            loaded_private, _ = tss.TPM2B_PRIVATE.unmarshal(private)
            self._handle = self._esys.load(parent, loaded_private, loaded_public)
            self._esys.flush_context(parent)
            self._esys.tr_set_auth(self._handle, secret)
        except (tss.TSS2_Exception, RuntimeError, ValueError, TypeError) as error:
            raise TpmFailed(error) from error
        self.key = _key_of(loaded_public)

    def sign(self, data: bytes) -> bytes:
        """The 64-byte ESP256 signature of ``data``, r || s with the lower s. Raises :class:`TpmFailed`."""
        tss = self._tss
        digest = tss.TPM2B_DIGEST(hashlib.sha256(data).digest())
        ticket = tss.TPMT_TK_HASHCHECK(tag=tss.TPM2_ST.HASHCHECK, hierarchy=tss.TPM2_RH.NULL)
        scheme = tss.TPMT_SIG_SCHEME(scheme=tss.TPM2_ALG.NULL)
        try:
            signed = self._esys.sign(self._handle, digest, scheme, ticket)
        except (tss.TSS2_Exception, RuntimeError) as error:
            raise TpmFailed(error) from error
        signature = signed.signature.ecdsa  # a view into ``signed``, which has to live as long
        return bytes(signature.signatureR).rjust(32, b"\0") + low_s(bytes(signature.signatureS))

    def close(self) -> None:
        """Let go of the TPM."""
        self._esys.flush_context(self._handle)
        self._esys.close()


def low_s(s: bytes) -> bytes:
    """The lower of the two values of s that verify (SPEC.md, "Signatures"), 32 bytes."""
    value = int.from_bytes(s, "big")
    return min(value, _ORDER - value).to_bytes(32, "big")


def _key_of(public: Any) -> Key:
    point = public.publicArea.unique.ecc
    return Key(ESP256, bytes(point.x).rjust(32, b"\0"), bytes(point.y).rjust(32, b"\0"))


def _tcti() -> str:
    return os.environ.get(TCTI_VARIABLE) or TCTI_DEFAULT


def _library() -> Any:
    try:
        import tpm2_pytss
    except (ImportError, RuntimeError) as error:
        sentence = (
            "This handheld's key is to lie in a TPM, and the program for that is missing: install 'jobseal[tpm]'."
        )
        raise JobsealError("tpm_missing", sentence, OPERATOR) from error
    return tpm2_pytss
