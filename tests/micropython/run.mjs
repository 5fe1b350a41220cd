// Runs the protocol, unmodified, on MicroPython 1.27 under Node.js.
//
//     node run.mjs [PROTOCOL_DIR]
//
// Copies PROTOCOL_DIR/jobseal/*.py (host/ aside), PROTOCOL_DIR/vectors, the vectors' checker and the Python beside
// this file into MicroPython's own file system, which is in memory (it cannot mount the host's), offers it the module
// `hostcrypto` in place of the crypto that a real board brings, and runs vectors_main.py there.
// Exit status: 0 if all holds, 1 if something does not.
//
// Whatever crosses between Python and JavaScript is text or true/false: integers are cut to 32 bits on the way.

import { createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const PROTOCOL_DIR = resolve(process.argv[2] ?? join(HERE, "..", "..", "protocol"));
const CHECKER = ["check.py", "check_rules.py", "check_uplink.py", "diagnostic.py"]; // what of tests/vectors runs there: the same file as on CPython
const HEAP_BYTES = 8 * 1024 * 1024;

// SubjectPublicKeyInfo up to the raw key: RFC 8410 section 4, and RFC 5480 section 2 with an uncompressed point.
const ED25519_SPKI = "302a300506032b6570032100";
const P256_SPKI = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";

function publicKey(spkiPrefixHex, rawKeyHex) {
  return createPublicKey({ key: Buffer.from(spkiPrefixHex + rawKeyHex, "hex"), format: "der", type: "spki" });
}

// All arguments are lower-case hex. A key that is no point on its curve verifies nothing.
const hostcrypto = {
  verify_ed25519(rawKeyHex, signatureHex, dataHex) {
    try {
      const key = publicKey(ED25519_SPKI, rawKeyHex);
      return verify(null, Buffer.from(dataHex, "hex"), key, Buffer.from(signatureHex, "hex"));
    } catch {
      return false;
    }
  },
  verify_p256(rawPointHex, signatureHex, dataHex) {
    try {
      const key = { key: publicKey(P256_SPKI, rawPointHex), dsaEncoding: "ieee-p1363" };
      return verify("sha256", Buffer.from(dataHex, "hex"), key, Buffer.from(signatureHex, "hex"));
    } catch {
      return false;
    }
  },
};

function copyFolder(micropython, from, to, wanted) {
  micropython.FS.mkdirTree(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isFile() && wanted(entry.name)) {
      micropython.FS.writeFile(join(to, entry.name), readFileSync(join(from, entry.name)));
    }
  }
}

const micropython = await loadMicroPython({
  heapsize: HEAP_BYTES,
  linebuffer: true,
  stdout: (line) => console.log(line),
  stderr: (line) => console.error(line),
});
micropython.registerJsModule("hostcrypto", hostcrypto);

copyFolder(micropython, join(PROTOCOL_DIR, "jobseal"), "/lib/jobseal", (name) => name.endsWith(".py"));
copyFolder(micropython, HERE, "/lib", (name) => name.endsWith(".py") && !name.startsWith("test_"));
copyFolder(micropython, join(HERE, "..", "vectors"), "/lib/tests/vectors", (name) => CHECKER.includes(name));
if (existsSync(join(PROTOCOL_DIR, "vectors"))) {
  copyFolder(micropython, join(PROTOCOL_DIR, "vectors"), "/vectors", (name) => name.endsWith(".json"));
}

try {
  micropython.runPython("import vectors_main\nvectors_main.main()");
} catch (error) {
  console.error(error.message); // the Python traceback
  process.exit(1);
}
